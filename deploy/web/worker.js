// Detects faces and runs the network, outside the page's thread so that the page stays responsive.
// In: {id, picture: {data, width, height}, whole, frame}, where frame is the number of a camera's frame. Out: {id, faces: [{box, probabilities}]} or {id, error}; first {ready} or {error}.

import * as ort from "./vendor/ort.wasm.bundle.min.mjs";
import { MTCNN } from "./faces.js";
import { crop, gray, squeezed } from "./pixels.js";

const BATCH_SIZE = 256; // faces
const load = async (name) => {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name} cannot be loaded (${response.status})`);
  return response;
};
const network = async (name) => ort.InferenceSession.create(await (await load(`${name}.onnx`)).arrayBuffer());

async function started() {
  ort.env.wasm.numThreads = 1; // more threads need headers that not every server sends
  ort.env.wasm.wasmPaths = { wasm: new URL("vendor/ort-wasm-simd-threaded.wasm", import.meta.url).href };
  const settings = await (await load("settings.json")).json();
  const names = ["mtcnn/pnet", "mtcnn/rnet", "mtcnn/onet", "emotion"];
  const [pnet, rnet, onet, model] = await Promise.all(names.map(network));
  return { settings, model, detector: new MTCNN(ort.Tensor, { pnet, rnet, onet }, settings) };
}

let followed = []; // the faces of the camera's last frame

/** The faces of a picture; of a camera's frames some are searched, and in those between the faces are followed. */
async function detected({ settings, detector }, picture, frame) {
  if (frame === undefined) return detector.find(picture);
  const search = frame % settings.detection_interval === 0 || !followed.length;
  return (followed = await (search ? detector.find(picture) : detector.follow(picture, followed)));
}

async function predicted({ settings, model, detector }, { picture, whole, frame }) {
  const { side, labels } = settings;
  const place = [0, 0, picture.width, picture.height];
  const faces = whole ? [{ box: place }] : await detected({ settings, detector }, picture, frame);
  const crops = whole ? [squeezed(gray(picture), side)] : faces.map((face) => crop(picture, face, settings));
  const rows = [];
  for (let start = 0; start < crops.length; start += BATCH_SIZE) {
    const batch = crops.slice(start, start + BATCH_SIZE);
    const values = Float32Array.from(batch.flatMap((face) => Array.from(face.data)));
    const input = new ort.Tensor("float32", values, [batch.length, side, side, 1]);
    const output = (await model.run({ [model.inputNames[0]]: input }))[model.outputNames[0]];
    for (let i = 0; i < batch.length; i++) rows.push(output.data.slice(i * labels.length, (i + 1) * labels.length));
  }
  return faces.map(({ box }, place) => ({ box, probabilities: Array.from(rows[place]) }));
}

const message = (error) => String(error?.message ?? error);
const parts = started();
parts.then(({ settings }) => postMessage({ ready: settings }), (error) => postMessage({ error: message(error) }));
self.onmessage = async ({ data: { id, ...given } }) => {
  try {
    postMessage({ id, faces: await predicted(await parts, given) });
  } catch (error) {
    postMessage({ id, error: message(error) });
  }
};
