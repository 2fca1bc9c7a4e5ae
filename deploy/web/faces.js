// Detect faces as the class MTCNN of emotion/detection/mtcnn.py does; the build writes its settings to settings.json.
// A candidate is {box, offsets, score}: a window, by which shares of its sides its edges have to move, and 0 to 1. A face
// is {box, score, landmarks}: box [left, top, width, height], landmarks five [x, y], the eyes first.

import { byPlace, merged, suppressed } from "./boxes.js";
import { round } from "./pixels.js";
import { average, COLOURS, interpolate, shrunk } from "./resizing.js";

const NOTHING = 128; // beyond the edge of a picture: what the networks take for 0

export class MTCNN {
  /** Tensor: ONNX Runtime's class; networks: its sessions {pnet, rnet, onet}; settings: those of settings.json. */
  constructor(Tensor, networks, settings) {
    this.Tensor = Tensor;
    this.networks = networks;
    this.settings = settings;
  }

  /** Resolves to the faces of a picture, from left to right. */
  async find(picture) {
    return this.#confirmed(picture, await this.#proposed(picture));
  }

  /** Resolves to those of the last frame's faces that are still where they were, or near it, in the next one. */
  follow(picture, faces) {
    const margin = this.settings.mtcnn.follow_margin;
    return this.#confirmed(picture, faces.map(({ box }) => square(enlarged(box, margin))));
  }

  /** The faces in the boxes, from left to right, that R-Net and O-Net take for faces, too. */
  async #confirmed(picture, boxes) {
    const { overlap, mtcnn } = this.settings;
    const { rnet, onet } = this.networks;
    const refined = await this.#classified(rnet, picture, boxes);
    const sure = suppressed(refined.filter(({ score }) => score >= mtcnn.min_refined_score), mtcnn.max_iou);
    const located = await this.#classified(onet, picture, sure.map(moved).map(square));
    const faces = located.filter(
      (face) => face.score >= mtcnn.min_score && Math.max(...moved(face).slice(2)) >= mtcnn.min_face_size,
    );
    return merged(faces.map((face) => ({ ...face, box: whole(moved(face)) })), overlap).sort(byPlace);
  }

  /** Squares that P-Net takes for faces. */
  async #proposed(picture) {
    const { mtcnn } = this.settings;
    const found = [];
    for (const small of sizes(picture, mtcnn)) {
      const ratio = [picture.width / small.width, picture.height / small.height];
      found.push(...suppressed(await this.#windows(small, ratio), mtcnn.max_iou_in_size));
    }
    return suppressed(found, mtcnn.max_iou).slice(0, mtcnn.max_boxes).map(moved).map(square);
  }

  /** The windows of a small picture that P-Net takes for faces, in pixels of the picture, which is larger by a ratio. */
  async #windows({ data, width, height }, [across, down]) {
    const { window, stride, min_proposal_score } = this.settings.mtcnn;
    const { scores, offsets } = await this.#run(this.networks.pnet, data, [1, height, width, COLOURS]);
    const [wide, count] = [scores.dims.at(-1), scores.data.length];
    const found = [];
    scores.data.forEach((score, place) => {
      if (score < min_proposal_score) return;
      const [left, top] = [across * stride * (place % wide), down * stride * Math.floor(place / wide)];
      const ends = [0, 1, 2, 3].map((end) => offsets.data[end * count + place]);
      found.push({ box: [left, top, across * window, down * window], offsets: ends, score });
    });
    return found;
  }

  /** What R-Net or O-Net says of each box. */
  async #classified(network, picture, boxes) {
    if (!boxes.length) return [];
    const side = network.inputMetadata[0].shape[1];
    const crops = cropped(picture, boxes, side);
    const { scores, offsets, landmarks } = await this.#run(network, crops, [boxes.length, side, side, COLOURS]);
    const row = ({ data }, size, place) => data.slice(size * place, size * (place + 1));
    return boxes.map((box, place) => ({
      box,
      offsets: row(offsets, 4, place),
      score: scores.data[place],
      landmarks: landmarks && points(box, row(landmarks, 10, place)),
    }));
  }

  #run(network, data, dims) {
    return network.run({ pictures: new this.Tensor("uint8", data, dims) });
  }
}

/** The picture at sizes that make faces, from the smallest to the largest, as large as P-Net's window. */
function* sizes(picture, { window, window_to_face, factor, min_face_size, max_pixels }) {
  const { width, height } = picture;
  let scale = Math.min(window / (window_to_face * min_face_size), Math.sqrt(max_pixels / (width * height)));
  for (; Math.min(width, height) * scale >= window; scale *= factor) {
    const [wide, high] = [width, height].map((side) => Math.max(window, round(side * scale)));
    picture = shrunk(picture, wide, high);
    yield picture;
  }
}

/** The boxes of a picture, squeezed to (n, side, side, 3). */
function cropped(picture, boxes, side) {
  const size = COLOURS * side * side;
  const crops = new Uint8Array(boxes.length * size).fill(NOTHING);
  boxes.forEach(([left, top, width, height], place) => {
    const [x, y] = [left, top].map((end) => Math.max(0, Math.trunc(end)));
    const wide = Math.min(picture.width, Math.trunc(left + width)) - x;
    const high = Math.min(picture.height, Math.trunc(top + height)) - y;
    if (wide <= 0 || high <= 0) return;
    const resize = wide > side && high > side ? average : interpolate;
    resize(picture, [x, y, wide, high], side, side, crops.subarray(place * size, (place + 1) * size));
  });
  return crops;
}

/** Landmarks in pixels, given in shares of the sides of a box: all horizontal positions before the vertical ones. */
function points([left, top, width, height], shares) {
  return [0, 1, 2, 3, 4].map((place) => [left + width * shares[place], top + height * shares[place + 5]]);
}

/** The box of a candidate, its edges moved. */
function moved({ box: [left, top, width, height], offsets: [west, north, east, south] }) {
  return [left + west * width, top + north * height, width * (1 + east - west), height * (1 + south - north)];
}

/** A box that is larger by a share of its sides in each direction. */
function enlarged([left, top, width, height], share) {
  return [left - share * width, top - share * height, (1 + 2 * share) * width, (1 + 2 * share) * height];
}

/** The square around a box, as large as its longer side. */
function square([left, top, width, height]) {
  const side = Math.max(width, height);
  return [left + (width - side) / 2, top + (height - side) / 2, side, side];
}

/** The box whose edges are rounded to pixels. */
function whole([left, top, width, height]) {
  const [x, y] = [left, top].map(round);
  return [x, y, round(left + width) - x, round(top + height) - y];
}
