// The network, on a thread of its own, so that the page never waits. `worker.js?gpu` computes on the GPU, through
// WebGPU, and is a larger program.
import { fetched } from "./fetched.js";

const onGpu = location.search === "?gpu";
const program = onGpu ? "causal_clip_seg_gpu" : "causal_clip_seg_web";

let functions, gpu;
let network = null;
// By sentence, about the picture that is shown.
const answers = new Map();

const tell = (progress) => postMessage({ progress });

// The GPU can be lost, or refuse what it is asked for, at any time: the page is told. Its programs, kernels, are
// compiled one after another when they are first needed: the page is told how many.
function watch() {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...values) {
    const device = await request.apply(this, values);
    self.device = device;
    device.lost.then(({ message, reason }) => postMessage({ lost: `The GPU was lost (${message || reason})` }));
    device.addEventListener("uncapturederror", ({ error }) => postMessage({ lost: `The GPU failed (${error.message})` }));
    const create = device.createComputePipeline;
    let kernels = 0;
    device.createComputePipeline = (values) => {
      tell({ what: "kernels", done: ++kernels });
      return create.call(device, values);
    };
    return device;
  };
}

async function start() {
  if (onGpu) watch();
  functions = await import(`./${program}.js`).catch(() => {
    throw new Error(onGpu ? "The GPU’s program is not here, the page may be built without it" : "The program is not here");
  });
  const told = (done, all) => tell({ what: "program", done, all });
  await functions.default({ module_or_path: fetched(`${program}_bg.wasm`, told) });
  if (onGpu) gpu = await functions.Gpu.open();
}

function forget() {
  for (const answer of answers.values()) answer.free();
  answers.clear();
}

const calls = {
  async load({ bytes, name }) {
    const weights = new Uint8Array(bytes);
    const next = gpu ? await gpu.load(weights, name) : new functions.Network(weights, name);
    forget();
    network?.free();
    network = next;
    return { sides: network.sides, size: network.size };
  },
  show({ bytes, name }) {
    const shown = network.show(new Uint8Array(bytes), name);
    const { width, height, notes, dicom, rgba } = shown;
    shown.free();
    forget();
    return [{ width, height, notes, dicom, rgba }, [rgba.buffer]];
  },
  async ask({ sentence }) {
    const start = performance.now();
    const answer = await network.ask(sentence, (done, all) => tell({ what: "tiles", done, all }));
    const { width, height, threshold, presence, present, cut, note, probabilities } = answer;
    answers.get(sentence)?.free();
    answers.set(sentence, answer);
    const milliseconds = performance.now() - start;
    return [
      { width, height, threshold, presence, present, cut, note, probabilities, milliseconds },
      [probabilities.buffer],
    ];
  },
  mask: ({ sentence, threshold }) => answers.get(sentence).maskPng(threshold),
  // A DICOM Segmentation object of all the answers that are asked for, with their thresholds.
  segmentation({ weights, asked, name }) {
    const object = network.segmentation(new Uint8Array(weights));
    try {
      for (const { sentence, threshold } of asked) object.add(answers.get(sentence), threshold);
      return object.encode(name);
    } finally {
      object.free();
    }
  },
  otherSide: ({ sentence }) => functions.otherSide(sentence),
};

async function answer({ id, call, values }) {
  try {
    await ready;
    const result = await calls[call](values);
    // A pair is a value and what is handed over with it instead of copied.
    const [value, moved] = Array.isArray(result) ? result : [result, []];
    postMessage({ id, value }, moved);
  } catch (error) {
    // A panic leaves the program unusable; an error of the network is a sentence.
    postMessage({ id, error: String(error?.message ?? error), broken: error instanceof WebAssembly.RuntimeError });
  }
}

const ready = start();
ready.catch(() => {}); // told when something is asked
// One call after another: the next one waits for the answer of the one before.
let queue = Promise.resolve();
addEventListener("message", ({ data }) => {
  queue = queue.then(() => answer(data));
});
