// Bounding boxes over pictures, and tables of bars. Repeated calls update the existing elements.

const OTHER = [200, 200, 200];
const percent = (share) => `${Math.round(100 * share)} %`;

/** A new element with a class and children. */
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** The prediction for a face as text. */
export function described(face, place, faces) {
  return `${faces.length > 1 ? `Face ${place + 1}: ` : ""}${face.label} ${percent(face.probability)}`;
}

/** One box for each face over the picture that `holder` shows; width and height are the picture's. */
export function showBoxes(holder, faces, { width, height }, colours) {
  fit(holder, ".box", faces.length, () => element("div", "box")).forEach((box, place) => {
    const { label, probability } = faces[place];
    const [left, top, wide, high] = faces[place].box;
    const share = (part, all) => `${(100 * part) / all}%`;
    Object.assign(box.style, { left: share(left, width), top: share(top, height) });
    Object.assign(box.style, { width: share(wide, width), height: share(high, height) });
    box.style.setProperty("--colour", colour(label, colours));
    box.ariaHidden = "true"; // the tables have the same text
    box.classList.toggle("inside", top < height / 12);
    box.classList.toggle("right", left + wide / 2 > width / 2);
    const number = faces.length > 1 ? [element("span", "number", `${place + 1} `)] : [];
    box.replaceChildren(element("span", "tag", ...number, element("span", "what", `${label} ${percent(probability)}`)));
  });
}

/** One table of seven bars for each face. */
export function showTables(holder, faces, { labels, colours }) {
  fit(holder, "table", faces.length, () => table(labels, colours)).forEach((made, place) => {
    made.caption.textContent = described(faces[place], place, faces);
    faces[place].probabilities.forEach((share, row) => {
      const cells = made.tBodies[0].rows[row].cells;
      cells[1].firstChild.style.width = `${100 * share}%`;
      cells[2].textContent = percent(share);
      cells[2].dataset.value = share;
    });
  });
}

function table(labels, colours) {
  const rows = labels.map((label) => {
    const head = element("th", "", label);
    head.scope = "row";
    const bar = element("span", "bar");
    bar.style.setProperty("--colour", colour(label, colours));
    return element("tr", "", head, element("td", "track", bar), element("td", "value"));
  });
  return element("table", "", element("caption"), element("tbody", "", ...rows));
}

function colour(label, colours) {
  return `rgb(${colours[label] ?? OTHER})`;
}

/** The children of a kind, added or removed until there are `count`. */
function fit(holder, kind, count, make) {
  const there = [...holder.querySelectorAll(`:scope > ${kind}`)];
  there.splice(count).forEach((one) => one.remove());
  while (there.length < count) there.push(holder.appendChild(make()));
  return there;
}
