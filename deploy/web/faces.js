// Detect faces as the class Haar of emotion/detection/haar.py does; the build writes its settings to settings.json.

import { round } from "./pixels.js";

export class Haar {
  /** cv: OpenCV; xml: the bytes of the cascade; settings: those of settings.json. */
  constructor(cv, xml, settings) {
    this.cv = cv;
    this.settings = settings;
    cv.FS_createDataFile("/", "cascade.xml", xml, true, false, false);
    this.cascade = new cv.CascadeClassifier();
    if (!this.cascade.load("cascade.xml")) throw new Error("the cascade is damaged");
  }

  /** The bounding boxes [left, top, width, height] of a picture's faces, from left to right. */
  find(picture) {
    const { window, largest, overlap, haar } = this.settings;
    const scale = Math.min(1, haar.detail / haar.smallest, largest / Math.max(picture.width, picture.height));
    const found = this.#detected(picture, scale, Math.max(window, round(haar.smallest * scale)))
      .filter(({ score }) => score >= haar.least_score)
      .map(({ box, score }) => ({ box: box.map((end) => round(end / scale)), score }));
    return merged(found, overlap).sort(byPlace).map(({ box }) => box);
  }

  #detected(picture, scale, least) {
    const { cv, cascade } = this;
    const { step, neighbours } = this.settings.haar;
    const mats = [new cv.Mat(picture.height, picture.width, cv.CV_8UC4), new cv.Mat(), new cv.Mat(), new cv.Mat()];
    const outputs = [new cv.RectVector(), new cv.IntVector(), new cv.DoubleVector()];
    try {
      const [rgba, rgb, small, gray] = mats;
      rgba.data.set(picture.data);
      cv.cvtColor(rgba, rgb, cv.COLOR_RGBA2RGB);
      const size = [picture.width, picture.height].map((side) => Math.max(1, round(side * scale)));
      if (scale < 1) cv.resize(rgb, small, new cv.Size(...size), 0, 0, cv.INTER_AREA);
      cv.cvtColor(scale < 1 ? small : rgb, gray, cv.COLOR_RGB2GRAY);
      const from = new cv.Size(least, least);
      cascade.detectMultiScale3(gray, ...outputs, step, neighbours, 0, from, new cv.Size(0, 0), true);
      const [boxes, , scores] = outputs;
      return Array.from({ length: boxes.size() }, (_, place) => {
        const { x, y, width, height } = boxes.get(place);
        return { box: [x, y, width, height], score: scores.get(place) };
      });
    } finally {
      for (const held of [...mats, ...outputs]) held.delete(); // WebAssembly's memory is not garbage-collected
    }
  }
}

/** The detections, best first, without those that overlap a better one. */
export function merged(found, most) {
  const kept = [];
  for (const face of found.sort((one, other) => other.score - one.score || byPlace(one, other))) {
    if (kept.every((other) => shared(face.box, other.box) <= most)) kept.push(face);
  }
  return kept;
}

function byPlace({ box: one }, { box: other }) {
  const place = one.findIndex((end, i) => end !== other[i]);
  return place < 0 ? 0 : one[place] - other[place];
}

/** The share of the smaller of two boxes that lies in the other. */
function shared([left, top, width, height], [left2, top2, width2, height2]) {
  const across = Math.min(left + width, left2 + width2) - Math.max(left, left2);
  const down = Math.min(top + height, top2 + height2) - Math.max(top, top2);
  return (Math.max(0, across) * Math.max(0, down)) / Math.max(1, Math.min(width * height, width2 * height2));
}
