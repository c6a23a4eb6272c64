// The network, on a thread of its own, so that the page never waits.
import init, { Network, otherSide } from "./causal_clip_seg_web.js";

const ready = init({ module_or_path: new URL("causal_clip_seg_web_bg.wasm", import.meta.url) });
let network = null;
// By sentence, about the picture that is shown.
const answers = new Map();

function forget() {
  for (const answer of answers.values()) answer.free();
  answers.clear();
}

const calls = {
  load({ bytes, name }) {
    const next = new Network(new Uint8Array(bytes), name);
    forget();
    network?.free();
    network = next;
    return { sides: network.sides, size: network.size };
  },
  show({ bytes, name }) {
    const shown = network.show(new Uint8Array(bytes), name);
    const { width, height, notes } = shown;
    const rgba = shown.rgba;
    shown.free();
    forget();
    return [{ width, height, notes, rgba }, [rgba.buffer]];
  },
  ask({ sentence }) {
    const start = performance.now();
    const answer = network.ask(sentence);
    const { width, height, threshold, presence, present, cut } = answer;
    const probabilities = answer.probabilities;
    answers.get(sentence)?.free();
    answers.set(sentence, answer);
    const milliseconds = performance.now() - start;
    return [
      { width, height, threshold, presence, present, cut, probabilities, milliseconds },
      [probabilities.buffer],
    ];
  },
  mask: ({ sentence, threshold }) => answers.get(sentence).maskPng(threshold),
  otherSide: ({ sentence }) => otherSide(sentence),
};

addEventListener("message", async ({ data: { id, call, values } }) => {
  try {
    await ready;
    const result = calls[call](values);
    // A pair is a value and what is handed over with it instead of copied.
    const [value, moved] = Array.isArray(result) ? result : [result, []];
    postMessage({ id, value }, moved);
  } catch (error) {
    // A panic leaves the program unusable; an error of the network is a sentence.
    postMessage({ id, error: String(error?.message ?? error), broken: error instanceof WebAssembly.RuntimeError });
  }
});
