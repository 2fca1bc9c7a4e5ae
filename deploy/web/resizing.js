// Pictures at other sizes, as cv2.resize computes them: what the face detector's networks see.
// A picture is {data, width, height}: RGBA as in a canvas, so that no copy without alpha is made, or RGB as returned.
// A region is [left, top, width, height] of a picture.

import { round } from "./pixels.js";

export const COLOURS = 3;
const ONE = 2048; // of OpenCV's integer weights

/** A smaller picture: halved as long as possible, then interpolated. */
export function shrunk(picture, width, height) {
  while (picture.width >= 2 * width && picture.height >= 2 * height) picture = halved(picture);
  const data = new Uint8Array(width * height * COLOURS);
  interpolate(picture, [0, 0, picture.width, picture.height], width, height, data);
  return { data, width, height };
}

/** A picture of half the size: each pixel is the mean of four, and an odd last row or column is left out. */
function halved({ data, width, height }) {
  const channels = data.length / (width * height);
  const [wide, high] = [width >> 1, height >> 1];
  const values = new Uint8Array(wide * high * COLOURS);
  const below = width * channels;
  for (let y = 0, to = 0; y < high; y++) {
    for (let x = 0, from = 2 * y * below; x < wide; x++, from += 2 * channels) {
      for (let colour = from; colour < from + COLOURS; colour++) {
        const upper = data[colour] + data[colour + channels];
        values[to++] = (upper + data[colour + below] + data[colour + below + channels] + 2) >> 2;
      }
    }
  }
  return { data: values, width: wide, height: high };
}

/** Write a region, resized to width x height, to `values`: each pixel is the mean of what falls into it (INTER_AREA). */
export function average(picture, region, width, height, values) {
  const rows = resampled(picture, region, coverage(region[2], width));
  const { places, shares, taps } = coverage(region[3], height);
  const size = width * COLOURS;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < size; x++) {
      let sum = 0.5;
      for (let tap = y * taps; tap < (y + 1) * taps; tap++) sum += shares[tap] * rows[places[tap] * size + x];
      values[to++] = sum;
    }
  }
}

/** Write a region, resized to width x height, to `values`: each pixel lies between four (INTER_LINEAR). */
export function interpolate(picture, region, width, height, values) {
  const rows = resampled(picture, region, neighbours(region[2], width));
  const { places, shares } = neighbours(region[3], height);
  const size = width * COLOURS;
  for (let y = 0, to = 0; y < height; y++) {
    const [share, other] = shares.subarray(2 * y, 2 * y + 2);
    const [upper, lower] = places.subarray(2 * y, 2 * y + 2).map((row) => row * size);
    for (let x = 0; x < size; x++) {
      const sum = ((share * (rows[upper + x] >> 4)) >> 16) + ((other * (rows[lower + x] >> 4)) >> 16);
      values[to++] = (sum + 2) >> 2;
    }
  }
}

/** The rows of a region, each resampled to as many pixels as there are places / taps. */
function resampled({ data, width, height }, [left, top, , high], { places, shares, taps }) {
  const channels = data.length / (width * height);
  const rows = new Float32Array((high * places.length * COLOURS) / taps);
  for (let y = 0, to = 0; y < high; y++) {
    const row = (top + y) * width + left;
    for (let first = 0; first < places.length; first += taps, to += COLOURS) {
      for (let tap = first; tap < first + taps; tap++) {
        const from = (row + places[tap]) * channels;
        for (let colour = 0; colour < COLOURS; colour++) rows[to + colour] += shares[tap] * data[from + colour];
      }
    }
  }
  return rows;
}

/** For each of `to` pixels, which of `from` pixels it covers (`taps` places), and the shares of them. */
function coverage(from, to) {
  const scale = from / to;
  const taps = Math.ceil(scale) + 1;
  const [places, shares] = [new Int32Array(to * taps), new Float32Array(to * taps)];
  for (let i = 0; i < places.length; i++) {
    const place = Math.floor(i / taps);
    const pixel = Math.floor(place * scale) + (i % taps);
    const covered = Math.min(pixel + 1, (place + 1) * scale) - Math.max(pixel, place * scale);
    shares[i] = Math.max(0, covered) / scale;
    places[i] = Math.min(pixel, from - 1);
  }
  return { places, shares, taps };
}

/** For each of `to` pixels, the two of `from` pixels around its middle, and their shares in integers. */
function neighbours(from, to) {
  const scale = 1 / (to / from);
  const [places, shares] = [new Int32Array(2 * to), new Float32Array(2 * to)];
  for (let place = 0; place < to; place++) {
    const middle = Math.fround((place + 0.5) * scale - 0.5);
    const first = Math.floor(middle);
    const second = Math.fround(middle - first);
    shares.set([round(ONE * Math.fround(1 - second)), round(ONE * second)], 2 * place);
    places.set([first, first + 1].map((pixel) => Math.min(Math.max(pixel, 0), from - 1)), 2 * place);
  }
  return { places, shares, taps: 2 };
}
