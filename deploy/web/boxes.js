// Bounding boxes that overlap, as in emotion/detection/boxes.py. A box is [left, top, width, height].

/** The detections, best first, without those that overlap a better one. */
export function merged(found, most) {
  const kept = [];
  for (const face of [...found].sort((one, other) => other.score - one.score || byPlace(one, other))) {
    if (kept.every((other) => shared(face.box, other.box) <= most)) kept.push(face);
  }
  return kept;
}

/** The detections, best first, whose intersection over union with no better one is higher than allowed. */
export function suppressed(found, highest) {
  const kept = [];
  for (const face of [...found].sort((one, other) => other.score - one.score)) {
    // As precise as in OpenCV: of neighbouring windows, many overlap by exactly as much as is allowed.
    if (kept.every((other) => Math.fround(iou(face.box, other.box)) <= Math.fround(highest))) kept.push(face);
  }
  return kept;
}

/** Orders detections from left to right. */
export function byPlace({ box: one }, { box: other }) {
  const place = one.findIndex((end, i) => end !== other[i]);
  return place < 0 ? 0 : one[place] - other[place];
}

/** Intersection over union. */
export function iou(one, other) {
  const both = intersection(one, other);
  return both / Math.max(1, area(one) + area(other) - both);
}

/** The share of the smaller of two boxes that lies in the other. */
function shared(one, other) {
  return intersection(one, other) / Math.max(1, Math.min(area(one), area(other)));
}

function area([, , width, height]) {
  return width * height;
}

function intersection([left, top, width, height], [left2, top2, width2, height2]) {
  const across = Math.min(left + width, left2 + width2) - Math.max(left, left2);
  const down = Math.min(top + height, top2 + height2) - Math.max(top, top2);
  return Math.max(0, across) * Math.max(0, down);
}
