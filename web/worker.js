// Finds and asks, apart from the page, which stays quick meanwhile.
// In: {id, picture: {data, width, height}, whole}. Out: {id, faces: [{box, probabilities}]} or {id, error}; first {ready} or {error}.

import * as ort from "./vendor/ort.wasm.bundle.min.mjs";
import openCV from "./vendor/opencv_js.js";
import { Haar } from "./faces.js";
import { crop, gray, squeezed } from "./pixels.js";

const CHUNK = 256; // faces at a time
const load = async (name) => {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name} cannot be loaded (${answer.status})`);
  return answer;
};

async function started() {
  ort.env.wasm.numThreads = 1; // more need headers that not every server sends
  ort.env.wasm.wasmPaths = { wasm: new URL("vendor/ort-wasm-simd-threaded.wasm", import.meta.url).href };
  const settings = await (await load("settings.json")).json();
  const [cv, xml, model] = await Promise.all([
    openCV(),
    load("cascade.xml").then(async (answer) => new Uint8Array(await answer.arrayBuffer())),
    load("emotion.onnx").then(async (answer) => ort.InferenceSession.create(await answer.arrayBuffer())),
  ]);
  return { settings, model, haar: new Haar(cv, xml, settings) };
}

async function answered({ settings, model, haar }, picture, whole) {
  const { side, labels } = settings;
  const boxes = whole ? [[0, 0, picture.width, picture.height]] : haar.find(picture);
  const seen = boxes.map((box) => (whole ? squeezed(gray(picture), side) : crop(picture, box, settings.haar.margin, side)));
  const rows = [];
  for (let start = 0; start < seen.length; start += CHUNK) {
    const chunk = seen.slice(start, start + CHUNK);
    const values = Float32Array.from(chunk.flatMap((face) => Array.from(face.data)));
    const faces = new ort.Tensor("float32", values, [chunk.length, side, side, 1]);
    const answer = (await model.run({ [model.inputNames[0]]: faces }))[model.outputNames[0]];
    for (let i = 0; i < chunk.length; i++) rows.push(answer.data.slice(i * labels.length, (i + 1) * labels.length));
  }
  return boxes.map((box, place) => ({ box, probabilities: Array.from(rows[place]) }));
}

const tell = (error) => String(error?.message ?? error);
const parts = started();
parts.then(({ settings }) => postMessage({ ready: settings }), (error) => postMessage({ error: tell(error) }));
self.onmessage = async ({ data: { id, picture, whole } }) => {
  try {
    postMessage({ id, faces: await answered(await parts, picture, whole) });
  } catch (error) {
    postMessage({ id, error: tell(error) });
  }
};
