// The worker, as a function that returns promises.

/**
 * Resolves to {settings, predict}; predict(picture, {whole, frame}) resolves to
 * [{box, label, probability, probabilities, labels}].
 */
export function classifier() {
  // A worker with its own URL would not be subject to the page's Content-Security-Policy.
  const code = `import ${JSON.stringify(new URL("worker.js", import.meta.url).href)};`;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });
  const waiting = new Map();
  let count = 0;
  return new Promise((ready, failed) => {
    worker.onerror = (event) => failed(new Error(event.message || "its files cannot be loaded"));
    worker.onmessage = ({ data }) => {
      if (data.ready) ready({ settings: data.ready, predict: (picture, options) => predict(picture, options, data.ready.labels) });
      else if (data.id === undefined) failed(new Error(data.error));
      else {
        const { resolve, reject, labels } = waiting.get(data.id);
        waiting.delete(data.id);
        if (data.error) reject(new Error(data.error));
        else resolve(data.faces.map((face) => labelled(face, labels)));
      }
    };
  });

  function predict({ data, width, height }, options, labels) {
    return new Promise((resolve, reject) => {
      waiting.set(++count, { resolve, reject, labels });
      worker.postMessage({ id: count, picture: { data, width, height }, ...options }, [data.buffer]);
    });
  }
}

function labelled({ box, probabilities }, labels) {
  const probability = Math.max(...probabilities);
  return { box, label: labels[probabilities.indexOf(probability)], probability, probabilities, labels };
}
