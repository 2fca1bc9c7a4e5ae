// The face crop: the same bytes as emotion/core/pictures.py computes with OpenCV and Pillow.
// A picture is {data, width, height}: RGBA as in a canvas; a gray one has one byte per pixel.

const BITS = 22; // of Pillow's integer weights: 32 - 8 of the pixel - 2 spare

/** Round as Python does: halves to the even neighbour. */
export function round(value) {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
}

/** OpenCV's RGB2GRAY, in integers. */
export function gray({ data, width, height }) {
  return cut({ data, width, height }, 0, 0, width, height);
}

/**
 * Gray values (side x side) of a face {box, landmarks}, as in emotion.core.pictures.crop: the square around the box,
 * larger by a margin; null: the box itself, as far as it lies in the picture. A face whose eyes slope is turned.
 */
export function crop(picture, { box: [left, top, width, height], landmarks }, { side, margin, min_slope }) {
  if (margin === null) {
    const [x, y] = [Math.max(0, left), Math.max(0, top)];
    const [right, bottom] = [Math.min(picture.width, left + width), Math.min(picture.height, top + height)];
    return squeezed(cut(picture, x, y, right - x, bottom - y), side);
  }
  const wide = Math.max(1, round(Math.max(width, height) * (1 + 2 * margin)));
  const [across, down] = [round(left + (width - wide) / 2), round(top + (height - wide) / 2)];
  const angle = slope(landmarks);
  const slopes = Math.abs(angle) >= (min_slope * Math.PI) / 180;
  return squeezed(slopes ? turned(picture, across, down, wide, angle) : cut(picture, across, down, wide, wide), side);
}

/** Gray values resized to side x side: averaged where the picture shrinks, interpolated where it grows. */
export function squeezed(face, side) {
  return transposed(resized(transposed(resized(face, side)), side));
}

/** The gray values of a region of a picture; beyond the edge, the last pixels are repeated. */
function cut({ data, width, height }, left, top, wide, high) {
  const values = new Uint8Array(wide * high);
  for (let y = 0, to = 0; y < high; y++) {
    const row = Math.min(Math.max(top + y, 0), height - 1) * width;
    for (let x = 0; x < wide; x++, to++) {
      const from = 4 * (row + Math.min(Math.max(left + x, 0), width - 1));
      values[to] = (9798 * data[from] + 19235 * data[from + 1] + 3735 * data[from + 2] + 16384) >> 15;
    }
  }
  return { data: values, width: wide, height: high };
}

/** The angle in radians by which the line through the eyes falls to the right. */
function slope([[left, top], [right, bottom]]) {
  return Math.atan2(bottom - top, right - left);
}

/** The gray values of a square of a picture, turned around its middle by an angle, to the left. */
function turned(picture, left, top, side, angle) {
  const colours = { data: new Uint8Array(4 * side * side), width: side, height: side };
  const [cosine, sine, middle] = [Math.cos(angle), Math.sin(angle), (side - 1) / 2];
  for (let y = -middle, to = 0; y <= middle; y++) {
    for (let x = -middle; x <= middle; x++, to += 4) {
      mix(picture, left + middle + cosine * x - sine * y, top + middle + sine * x + cosine * y, colours.data, to);
    }
  }
  return gray(colours);
}

/** Write the colour of a point, which lies between four pixels, to `values`; beyond the edge, the last are repeated. */
function mix({ data, width, height }, x, y, values, to) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [across, down] = [x - left, y - top];
  const west = 4 * Math.min(Math.max(left, 0), width - 1);
  const east = 4 * Math.min(Math.max(left + 1, 0), width - 1);
  const north = 4 * width * Math.min(Math.max(top, 0), height - 1);
  const south = 4 * width * Math.min(Math.max(top + 1, 0), height - 1);
  for (let colour = 0; colour < 3; colour++) {
    const upper = (1 - across) * data[north + west + colour] + across * data[north + east + colour];
    const lower = (1 - across) * data[south + west + colour] + across * data[south + east + colour];
    values[to + colour] = Math.round((1 - down) * upper + down * lower);
  }
}

/** Each row resampled to `side` pixels, as Pillow does: BOX where it shrinks, BICUBIC where it grows. */
function resized({ data, width, height }, side) {
  if (width === side) return { data, width, height };
  const weights = width > side ? pillow(width, side, box, 0.5) : pillow(width, side, bicubic, 2);
  const values = new Uint8ClampedArray(side * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (const { start, shares } of weights) {
      let sum = 2 ** (BITS - 1);
      for (let i = 0; i < shares.length; i++) sum += data[y * width + start + i] * shares[i];
      values[to++] = Math.floor(sum / 2 ** BITS);
    }
  }
  return { data: values, width: side, height };
}

/** Pillow's precompute_coeffs and normalize_coeffs_8bpc (src/libImaging/Resample.c). */
function pillow(width, side, filter, reach) {
  const scale = width / side;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: side }, (_, place) => {
    const middle = (place + 0.5) * scale;
    const start = Math.max(Math.trunc(middle - reach * stretch + 0.5), 0);
    const end = Math.min(Math.trunc(middle + reach * stretch + 0.5), width);
    const raw = Array.from({ length: end - start }, (_, i) => filter((i + start - middle + 0.5) * (1 / stretch)));
    const total = raw.reduce((sum, share) => sum + share, 0);
    return { start, shares: raw.map((share) => Math.trunc((share / total) * 2 ** BITS + (share < 0 ? -0.5 : 0.5))) };
  });
}

function box(x) {
  return x > -0.5 && x <= 0.5 ? 1 : 0;
}

function bicubic(x) {
  const a = -0.5;
  const far = Math.abs(x);
  if (far < 1) return ((a + 2) * far - (a + 3)) * far * far + 1;
  return far < 2 ? (((far - 5) * far + 8) * far - 4) * a : 0;
}

function transposed({ data, width, height }) {
  const values = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) values[x * height + y] = data[y * width + x];
  return { data: values, width: height, height: width };
}
