// The page: what is pressed, dropped and pasted, and where answers go.

import { watch } from "./camera.js";
import { classifier } from "./classifier.js";
import { Problem, read } from "./pictures.js";
import { element, said, showBoxes, showTables } from "./results.js";

const part = (id) => document.getElementById(id);
const [files, camera, live, list] = ["files", "camera", "live", "list"].map(part);
const tell = (text, problem = false) => {
  part("status").textContent = text;
  part("status").classList.toggle("problem", problem);
};
const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

async function start() {
  if (typeof WebAssembly === "undefined") {
    throw new Problem("This browser has no WebAssembly, or it is switched off (lockdown mode does so): use another one.");
  }
  const { settings, ask } = await classifier().catch((error) => {
    throw new Problem(`The network cannot be started: ${error.message}. Load the page again.`);
  });
  let turn = Promise.resolve(); // one after the other
  const look = (chosen) => (turn = turn.then(() => lookAt([...chosen], settings, ask)));
  files.onchange = () => look(files.files).then(() => (files.value = ""));
  document.addEventListener("paste", ({ clipboardData }) => clipboardData.files.length && look(clipboardData.files));
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault(); // else the browser would open the file in place of this page
      part("drop").classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) look(event.dataTransfer.files);
    });
  }
  camera.onclick = cameraSwitch(settings, ask);
  files.disabled = camera.disabled = false;
  tell("Ready.");
}

async function lookAt(chosen, settings, ask) {
  part("results").hidden = false;
  let [faces, unread] = [0, 0];
  for (const [place, file] of chosen.entries()) {
    tell(`Looking at ${file.name} (${place + 1} of ${chosen.length}) …`);
    const found = await lookAtOne(file, settings, ask);
    if (found === undefined) unread++;
    else faces += found;
  }
  const bad = unread ? ` ${counted(unread, "file", "files")} could not be read.` : "";
  tell(`${counted(chosen.length, "file", "files")}: ${counted(faces, "face", "faces")}.${bad}`, unread > 0);
}

/** Adds an article on a file; resolves to how many faces it has, or undefined. */
async function lookAtOne(file, settings, ask) {
  const title = element("h3", "", file.name);
  const whole = part("whole").checked;
  try {
    const { picture, preview } = await read(file, settings);
    const { width, height } = picture;
    const faces = await ask(picture, whole);
    preview.role = "img";
    preview.ariaLabel = `${file.name}: ${faces.map(said).join("; ") || "no face found"}`;
    const holder = element("div", "picture", preview);
    const tables = element("div", "faces");
    if (faces.length) showTables(tables, faces, settings);
    else tables.append(element("p", "problem", `No face found: a face must look ahead and be ${settings.haar.smallest} \
pixels wide or more. If the picture is nothing but a face, tick “one face, cut out”.`));
    if (!whole) showBoxes(holder, faces, { width, height }, settings.colours);
    list.prepend(element("article", "result", title, holder, tables));
    return faces.length;
  } catch (error) {
    list.prepend(element("article", "result", title, element("p", "problem", error.message)));
    return undefined;
  }
}

function cameraSwitch(settings, ask) {
  const [video, holder, tables] = ["video", ".picture", ".faces"].map((kind) => live.querySelector(kind));
  let stop;
  let seen;
  const off = (text, problem) => {
    stop?.();
    stop = undefined;
    live.hidden = true;
    camera.textContent = "Start camera";
    tell(text, problem);
  };
  const show = ({ faces, width, height, error }) => {
    if (error) return off(error, true);
    showBoxes(holder, faces, { width, height }, settings.colours);
    showTables(tables, faces, settings);
    if (faces.length !== seen) tell(`Camera on: ${faces.length ? counted(faces.length, "face", "faces") : "no face found"}.`);
    seen = faces.length;
  };
  return async () => {
    if (stop) return off("Camera off.");
    seen = undefined;
    live.hidden = false;
    camera.disabled = true;
    try {
      tell("Waiting for the camera …");
      stop = await watch(video, ask, show);
      camera.textContent = "Stop camera";
    } catch (error) {
      off(error.message, true);
    } finally {
      camera.disabled = false;
    }
  };
}

part("clear").onclick = () => {
  list.replaceChildren();
  part("results").hidden = true;
  tell("Removed.");
  files.focus();
};
start().catch((error) => tell(error.message, true));
