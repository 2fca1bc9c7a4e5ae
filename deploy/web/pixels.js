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

/** Gray values (side x side) of the face in box [left, top, width, height], as in emotion.core.pictures.crop. */
export function crop(picture, [left, top, width, height], margin, side) {
  const wide = Math.max(1, round(Math.max(width, height) * (1 + 2 * margin)));
  const across = round(left + (width - wide) / 2);
  const down = round(top + (height - wide) / 2);
  return squeezed(cut(picture, across, down, wide, wide), side);
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
