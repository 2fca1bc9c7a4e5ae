// Classify faces from the camera, live.

import { iou } from "./boxes.js";
import { pixelsOf, Problem } from "./pictures.js";

const MIN_IOU = 0.3; // intersection over union of two boxes that may be the same face
const MEMORY = 0.5; // seconds after which a prediction weighs 1/e of a new one

const REASONS = {
  NotFoundError: "No camera found.",
  OverconstrainedError: "No camera found.",
  NotAllowedError: "This page may not use the camera: allow it in the browser's settings for this page, then start again.",
  NotReadableError: "The camera does not respond: another program may be using it.",
};

/** Show the camera in a video element and pass its faces to `show`. Resolves to the function that stops it. */
export async function watch(video, predict, show) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Problem("Browsers allow the camera only on pages from https:// or localhost.");
  }
  const wanted = { audio: false, video: { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 } } };
  const stream = await navigator.mediaDevices.getUserMedia(wanted).catch((error) => {
    throw new Problem(REASONS[error.name] ?? `The camera cannot be used (${error.name}).`);
  });
  let on = true;
  const stop = () => {
    on = false;
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  stream.getVideoTracks()[0].onended = () => on && show({ error: "The camera was disconnected." });
  video.srcObject = stream;
  await video.play();
  follow();
  return stop;

  async function follow() {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true });
    let previous = { faces: [], time: 0 };
    let frame = 0;
    while (on) {
      await new Promise(requestAnimationFrame); // waits while the page is hidden
      if (!on || !video.videoWidth) continue;
      [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
      context.drawImage(video, 0, 0);
      const time = performance.now() / 1000;
      try {
        const weight = Math.exp((previous.time - time) / MEMORY);
        const faces = averaged(await predict(pixelsOf(canvas), { frame: frame++ }), previous.faces, weight);
        previous = { faces, time };
        if (on) show({ faces, width: canvas.width, height: canvas.height });
      } catch (error) {
        if (on) show({ error: error.message });
      }
    }
  }
}

/** The faces with their probabilities averaged over time, so that labels do not flicker. */
function averaged(faces, previous, weight) {
  return faces.map((face) => {
    const same = previous.find((old) => iou(face.box, old.box) >= MIN_IOU);
    if (!same) return face;
    const mean = face.probabilities.map((value, i) => weight * same.probabilities[i] + (1 - weight) * value);
    const best = mean.indexOf(Math.max(...mean));
    return { ...face, probabilities: mean, probability: mean[best], label: face.labels[best] };
  });
}
