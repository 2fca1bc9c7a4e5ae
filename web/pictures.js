// From files to pixels, and why not.

const CANVAS = 16_000_000; // pixels: Safari on phones holds no larger canvas
const LONGEST_CANVAS = 16_384;
const PREVIEW = 1600; // longer side of what is shown

/** Something that a person can mend; its message says how. */
export class Problem extends Error {}

/** Resolves to {picture, preview}: RGBA pixels on white, turned as EXIF says, and a canvas that shows them. */
export async function read(file, { pixels, longest }) {
  const { width, height } = await size(file);
  if (width * height > pixels || Math.max(width, height) > longest) {
    const most = `${pixels.toLocaleString("en")} pixels and ${longest.toLocaleString("en")} a side are the most`;
    throw new Problem(`${width} x ${height} pixels: ${most}. Make it smaller.`);
  }
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" }).catch(() => {
    throw new Problem("Damaged, or too large for this device's memory.");
  });
  const scale = Math.min(1, Math.sqrt(CANVAS / (width * height)), LONGEST_CANVAS / Math.max(width, height));
  const whole = drawn(bitmap, scale);
  const preview = drawn(whole, Math.min(1, PREVIEW / Math.max(whole.width, whole.height)));
  bitmap.close();
  return { picture: pixelsOf(whole), preview };
}

/** The RGBA pixels of a canvas. */
export function pixelsOf(canvas) {
  return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
}

/** Width and height, before anything is decoded. */
async function size(file) {
  const image = new Image();
  const address = URL.createObjectURL(file);
  try {
    await new Promise((loaded, failed) => {
      image.onload = loaded;
      image.onerror = failed;
      image.src = address;
    });
    return { width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    throw new Problem(file.size ? "Not a picture of a kind that this browser can read." : "Empty.");
  } finally {
    URL.revokeObjectURL(address);
  }
}

function drawn(source, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(source.width * scale));
  canvas.height = Math.max(1, Math.round(source.height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}
