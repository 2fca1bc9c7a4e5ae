// Read the pixels of picture files.

const MAX_CANVAS = 16_000_000; // pixels; Safari on phones supports no larger canvas
const MAX_CANVAS_SIDE = 16_384;
const PREVIEW = 1600; // longer side of the displayed picture

/** An error that the user can fix; its message says how. */
export class Problem extends Error {}

/** Resolves to {picture, preview}: RGBA pixels on white, rotated by EXIF, and a canvas that shows them. */
export async function read(file, { pixels, longest }) {
  const { width, height } = await size(file);
  if (width * height > pixels || Math.max(width, height) > longest) {
    const limits = `at most ${pixels.toLocaleString("en")} pixels and ${longest.toLocaleString("en")} per side are allowed`;
    throw new Problem(`${width} x ${height} pixels: ${limits}. Make it smaller.`);
  }
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" }).catch(() => {
    throw new Problem("Damaged, or too large for this device's memory.");
  });
  const scale = Math.min(1, Math.sqrt(MAX_CANVAS / (width * height)), MAX_CANVAS_SIDE / Math.max(width, height));
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
    throw new Problem(file.size ? "Not a picture in a format that this browser supports." : "Empty.");
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
