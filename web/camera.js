// Faces before the camera, as they move.

import { pixelsOf, Problem } from "./pictures.js";

const OVERLAP = 0.3; // intersection over union of two boxes that may be one face
const MEMORY = 0.5; // seconds after which an answer counts 1/e of a new one

const REASONS = {
  NotFoundError: "No camera was found on this device.",
  OverconstrainedError: "No camera was found on this device.",
  NotAllowedError: "The camera may not be used: allow it in the browser's settings of this page, then start again.",
  NotReadableError: "The camera does not answer; another program may be using it.",
};

/** Show the camera in a video element and tell `show` of its faces until the function that this resolves to is called. */
export async function watch(video, ask, show) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Problem("Browsers lend the camera only to pages from https:// or localhost, and this one is neither.");
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
  stream.getVideoTracks()[0].onended = () => on && show({ error: "The camera was taken away." });
  video.srcObject = stream;
  await video.play();
  follow();
  return stop;

  async function follow() {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true });
    let before = { faces: [], time: 0 };
    while (on) {
      await new Promise(requestAnimationFrame); // none comes while the page is hidden
      if (!on || !video.videoWidth) continue;
      [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
      context.drawImage(video, 0, 0);
      const time = performance.now() / 1000;
      try {
        const faces = steadied(await ask(pixelsOf(canvas), false), before.faces, Math.exp((before.time - time) / MEMORY));
        before = { faces, time };
        if (on) show({ faces, width: canvas.width, height: canvas.height });
      } catch (error) {
        if (on) show({ error: error.message });
      }
    }
  }
}

/** The faces, their answers averaged with those of the same faces before, so that labels do not flicker. */
function steadied(faces, before, kept) {
  return faces.map((face) => {
    const same = before.find((old) => overlap(face.box, old.box) >= OVERLAP);
    if (!same) return face;
    const mean = face.probabilities.map((share, place) => kept * same.probabilities[place] + (1 - kept) * share);
    const best = mean.indexOf(Math.max(...mean));
    return { ...face, probabilities: mean, probability: mean[best], label: face.labels[best] };
  });
}

function overlap([left, top, width, height], [left2, top2, width2, height2]) {
  const across = Math.min(left + width, left2 + width2) - Math.max(left, left2);
  const down = Math.min(top + height, top2 + height2) - Math.max(top, top2);
  const both = Math.max(0, across) * Math.max(0, down);
  return both / Math.max(1, width * height + width2 * height2 - both);
}
