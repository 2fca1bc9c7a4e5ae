// The page: handles buttons, dropped and pasted files, and shows the predictions.

import { watch } from "./camera.js";
import { classifier } from "./classifier.js";
import { Problem, read } from "./pictures.js";
import { element, described, showBoxes, showTables } from "./results.js";

const byId = (id) => document.getElementById(id);
const [files, camera, live, list] = ["files", "camera", "live", "list"].map(byId);
const report = (text, problem = false) => {
  byId("status").textContent = text;
  byId("status").classList.toggle("problem", problem);
};
const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

async function start() {
  if (typeof WebAssembly === "undefined") {
    throw new Problem("This browser does not support WebAssembly, or lockdown mode switched it off: use another one.");
  }
  const { settings, predict } = await classifier().catch((error) => {
    throw new Problem(`The network cannot be loaded: ${error.message}. Reload the page.`);
  });
  let queue = Promise.resolve(); // one batch of files after the other
  const add = (chosen) => (queue = queue.then(() => classify([...chosen], settings, predict)));
  files.onchange = () => add(files.files).then(() => (files.value = ""));
  document.addEventListener("paste", ({ clipboardData }) => clipboardData.files.length && add(clipboardData.files));
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault(); // otherwise the browser would open the file instead of this page
      byId("drop").classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) add(event.dataTransfer.files);
    });
  }
  camera.onclick = cameraSwitch(settings, predict);
  files.disabled = camera.disabled = false;
  report("Ready.");
}

async function classify(chosen, settings, predict) {
  byId("results").hidden = false;
  let [faces, unread] = [0, 0];
  for (const [place, file] of chosen.entries()) {
    report(`Processing ${file.name} (${place + 1} of ${chosen.length}) …`);
    const found = await classifyOne(file, settings, predict);
    if (found === undefined) unread++;
    else faces += found;
  }
  const bad = unread ? ` ${counted(unread, "file", "files")} could not be read.` : "";
  report(`${counted(chosen.length, "file", "files")}: ${counted(faces, "face", "faces")}.${bad}`, unread > 0);
}

/** Adds an article about a file; resolves to its number of faces, or undefined if it is unreadable. */
async function classifyOne(file, settings, predict) {
  const title = element("h3", "", file.name);
  const whole = byId("whole").checked;
  try {
    const { picture, preview } = await read(file, settings);
    const { width, height } = picture;
    const faces = await predict(picture, { whole });
    preview.role = "img";
    preview.ariaLabel = `${file.name}: ${faces.map(described).join("; ") || "no face found"}`;
    const holder = element("div", "picture", preview);
    const tables = element("div", "faces");
    if (faces.length) showTables(tables, faces, settings);
    else tables.append(element("p", "problem", `No face found: a face must be seen from the front and be \
at least ${smallest(picture, settings.mtcnn)} pixels wide. If the picture is just a face, tick “cropped face”.`));
    if (!whole) showBoxes(holder, faces, { width, height }, settings.colours);
    list.prepend(element("article", "result", title, holder, tables));
    return faces.length;
  } catch (error) {
    list.prepend(element("article", "result", title, element("p", "problem", error.message)));
    return undefined;
  }
}

/** The side of the smallest face that is detected: large pictures are searched at a smaller size. */
function smallest({ width, height }, { min_face_size, window, window_to_face, max_pixels }) {
  return Math.round(Math.max(min_face_size, (window / window_to_face) * Math.sqrt((width * height) / max_pixels)));
}

function cameraSwitch(settings, predict) {
  const [video, holder, tables] = ["video", ".picture", ".faces"].map((kind) => live.querySelector(kind));
  let stop;
  let count;
  const off = (text, problem) => {
    stop?.();
    stop = undefined;
    live.hidden = true;
    camera.textContent = "Start camera";
    report(text, problem);
  };
  const show = ({ faces, width, height, error }) => {
    if (error) return off(error, true);
    showBoxes(holder, faces, { width, height }, settings.colours);
    showTables(tables, faces, settings);
    if (faces.length !== count) report(`Camera on: ${faces.length ? counted(faces.length, "face", "faces") : "no face found"}.`);
    count = faces.length;
  };
  return async () => {
    if (stop) return off("Camera off.");
    count = undefined;
    live.hidden = false;
    camera.disabled = true;
    try {
      report("Waiting for the camera …");
      stop = await watch(video, predict, show);
      camera.textContent = "Stop camera";
    } catch (error) {
      off(error.message, true);
    } finally {
      camera.disabled = false;
    }
  };
}

byId("clear").onclick = () => {
  list.replaceChildren();
  byId("results").hidden = true;
  report("Removed.");
  files.focus();
};
start().catch((error) => report(error.message, true));
