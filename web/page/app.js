// The page: what a person does, and what is drawn. The network is in worker.js, on the CPU and where there is one on
// the GPU too.
import { adapter } from "./adapter.js";
import { fetched } from "./fetched.js";
import { area, common, overlay, paint, smaller } from "./paint.js";
import { Program } from "./program.js";
import { EXAMPLES, SUGGESTIONS, WHOSE } from "./words.js";

const at = (id) => document.getElementById(id);
// The most pixels that are drawn; of larger pictures only each second, third, … in both directions is shown.
const DRAWN = 4_000_000;

// What is shown ------------------------------------------------------------------------------------------

let weights = null; // { bytes, name }
let network = null; // { sides, size }
let picture = null; // { width, height, step, base: a canvas, file, name, dicom }
let answers = []; // { sentence, probabilities, threshold, ... }
let chosen = null;
let cursor = null; // [x, y]

const view = at("view");
const context = view.getContext("2d");

function say(text, wrong = false) {
  at("status").textContent = text;
  at("status").classList.toggle("wrong", wrong);
}

// How far something is: a share, or nothing if that is not known.
function progress(share) {
  if (share === undefined) at("progress").removeAttribute("value");
  else at("progress").value = Math.min(1, share);
}

let working = 0;

// While work goes on the bar moves, and a line says what is done; at its end the error, if there is one.
async function busy(text, work) {
  say(text);
  progress();
  working++;
  document.body.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    say(error.message, true);
  } finally {
    if (--working === 0) document.body.removeAttribute("aria-busy");
  }
}

let drawing = false;

// Draws before the next frame, once, however often it is asked for until then.
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawNow();
  });
}

function drawNow() {
  if (!picture) return;
  const { width, height, step } = picture;
  const opacity = Number(at("opacity").value);
  context.drawImage(picture.base, 0, 0);
  if (chosen) {
    const layer = context.getImageData(0, 0, view.width, view.height);
    paint(layer, { top: 0, step, width, height }, chosen, opacity);
    context.putImageData(layer, 0, 0);
    const pixels = area(chosen);
    const share = ((100 * pixels) / (width * height)).toFixed(1);
    at("area").textContent = `${pixels} pixels, ${share} % of the picture`;
    view.setAttribute("aria-label", `${picture.name}; ${chosen.sentence} ${verdict(chosen)}, ${share} % of the picture`);
    at("threshold-value").textContent = chosen.threshold.toFixed(2);
  } else {
    view.setAttribute("aria-label", `${picture.name}, ${width} by ${height} pixels`);
  }
  at("opacity-value").textContent = opacity.toFixed(2);
  point();
}

// The probability at the cursor.
function point() {
  if (!picture || !cursor) return;
  const [x, y] = cursor;
  const value = chosen?.probabilities[y * picture.width + x];
  at("probability").textContent = value === undefined
    ? `column ${x}, row ${y}`
    : `column ${x}, row ${y}: probability ${value.toFixed(3)}`;
}

function verdict({ present, presence }) {
  const sure = `presence ${presence.toFixed(2)}`;
  if (present === undefined) return sure;
  return present ? `found (${sure})` : `the network says: nothing there (${sure})`;
}

function list() {
  at("answers").hidden = answers.length === 0;
  at("looks").disabled = !chosen;
  at("list").replaceChildren(...answers.map((answer, place) => {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = "answer";
    radio.checked = answer === chosen;
    radio.id = `answer-${place}`;
    radio.addEventListener("change", () => choose(answer));
    const text = document.createElement("span");
    const said = document.createElement("span");
    said.className = "said";
    const told = [verdict(answer), answer.cut && "its end was not read, it is too long", answer.note];
    said.textContent = ` ${told.filter(Boolean).join("; ")}`;
    text.append(answer.sentence, said);
    label.append(radio, text);
    return label;
  }));
}

function choose(answer) {
  chosen = answer;
  if (answer) at("threshold").value = answer.threshold;
  const place = answers.indexOf(answer);
  // The list is made anew: who moved along it with the keyboard stays where they were.
  const inside = at("list").contains(document.activeElement);
  list();
  if (inside) at(`answer-${place}`)?.focus();
  draw();
}

// Where it is computed -----------------------------------------------------------------------------------

const cpu = new Program("cpu", told, () => {});
let gpu = null; // a program that loads, or that answers
let gpuReady = false;

const active = () => (gpuReady ? gpu : cpu);

function told({ what, done, all }) {
  if (what === "program" && this.kind === "cpu") progress(all ? done / all : undefined);
  if (what === "tiles") progress(done / all);
  if (this.kind !== "gpu" || gpuReady) return;
  if (what === "program") far(`${megabytes(done)}${all ? ` of ${megabytes(all)}` : ""}`);
  if (what === "kernels") far(`${done} of about ${Math.max(done, KERNELS)} kernels`);
}

// A first answer's, counted.
const KERNELS = 140;

// How far the GPU is; not read aloud each time, as the line before it is.
function far(text) {
  at("device-progress").textContent = text;
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

// The line about the device.
function device(text, wrong = false) {
  at("device").textContent = text;
  at("device").classList.toggle("wrong", wrong);
  far("");
}

// Prepares the GPU, if there is one, while the CPU answers. One that is imitated is taken only if it is asked for.
async function startGpu(asked) {
  stopGpu();
  const found = await adapter();
  if (gpu || (asked && !at("on-gpu").checked)) return; // somebody was quicker
  if (!found) return onCpu("This browser offers no GPU (WebGPU)", asked);
  if (found.imitates && !asked) return onCpu("What this browser offers as a GPU is a program that imitates one");
  at("on-gpu").checked = true;
  device("Preparing the GPU. Until it is ready the CPU answers.");
  const own = gpu = new Program("gpu", told, (text) => own === gpu && fallBack(text));
  own.name = found.name;
  await prepare(own);
}

async function prepare(own) {
  try {
    while (own === gpu && (own.weights !== weights || !gpuReady)) {
      await own.catchUp(weights, picture?.file);
      if (own !== gpu) return;
      gpuReady = own.weights === weights;
    }
    device(`Computed on the GPU (${own.name}), whose first answers are held against the CPU’s.`);
  } catch (error) {
    if (own === gpu) fallBack(error.message);
  }
}

function stopGpu() {
  gpu?.stop();
  gpu = null;
  gpuReady = false;
}

function onCpu(text, wrong = false) {
  at("on-cpu").checked = true;
  device(text ? `${text}: computed on the CPU.` : "Computed on the CPU.", wrong);
}

// To the CPU, and nothing that the GPU has answered stays.
async function fallBack(text) {
  const hasAnswered = gpuReady;
  stopGpu();
  onCpu(text, true);
  if (!hasAnswered) return;
  await busy("Asking again on the CPU…", () => refresh());
  if (!at("status").classList.contains("wrong")) say("Answered on the CPU.");
}

// The program that answers, with all that the page has: its network, the picture and, if they are needed, answers.
async function current(withAnswers = false) {
  const program = active();
  await program.catchUp(weights, picture?.file);
  for (const answer of withAnswers ? answers : []) {
    if (!program.asked.has(answer.sentence)) await program.ask(answer.sentence);
  }
  return program;
}

// All answers anew.
async function refresh() {
  if (!weights) return;
  const program = await current();
  for (const answer of answers) {
    const { threshold } = answer;
    Object.assign(answer, await program.ask(answer.sentence), { threshold });
  }
  choose(chosen);
}

// What a person does -------------------------------------------------------------------------------------

async function load(bytes, name) {
  const next = { bytes, name };
  const found = await busy(`Reading ${name}…`, () => cpu.load(next));
  if (!found) return false;
  weights = next;
  network = found;
  at("sides").textContent = WHOSE[network.sides] ?? "The weights do not say whose left they mean: try it with a picture that you know.";
  answers = [];
  choose(null);
  enable();
  say(`${name}: looks at ${network.size} × ${network.size} pixels.`);
  if (gpu && gpuReady) {
    gpuReady = false;
    prepare(gpu);
  }
  return true;
}

function enable() {
  for (const button of document.querySelectorAll("#question button")) button.disabled = !picture || !weights;
}

// A file is read once, by the program that answers; both can.
async function show(bytes, name) {
  const file = { bytes, name };
  const shown = await busy(`Reading ${name}…`, async () => {
    await loaded;
    if (!weights) throw new Error("There is no network yet: choose weights of your own, or load the page again.");
    const program = active();
    await program.catchUp(weights);
    return program.show(file);
  });
  if (!shown) return false;
  const { width, height, notes, rgba, dicom } = shown;
  const step = Math.ceil(Math.sqrt((width * height) / DRAWN));
  const base = new OffscreenCanvas(width, height);
  base.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(rgba.buffer), width, height), 0, 0);
  [view.width, view.height] = [Math.ceil(width / step), Math.ceil(height / step)];
  picture = { width, height, step, base: smaller(base, step), full: base, file, name, dicom };
  at("hint").hidden = true;
  at("save-dicom").hidden = !dicom;
  at("notes").replaceChildren(...notes.map((note) => {
    const item = document.createElement("li");
    item.textContent = note;
    return item;
  }));
  answers = [];
  cursor = null;
  choose(null);
  enable();
  say(`${name}: ${width} × ${height} pixels.`);
  return true;
}

// On the GPU, or if that fails on the CPU.
async function answered(sentence) {
  const program = await current();
  try {
    return await program.ask(sentence);
  } catch (error) {
    if (program === cpu) throw error;
    if (program === gpu) await fallBack(error.message);
    return (await current()).ask(sentence);
  }
}

async function question(sentence) {
  sentence = sentence.trim();
  if (!picture) return say("Choose a picture first.", true);
  if (!sentence) return say("Say what to segment, for example “The left lung.”", true);
  const known = answers.find((answer) => answer.sentence === sentence);
  if (known) {
    choose(known);
    return known;
  }
  const [file, asked] = [picture.file, weights];
  const found = await busy(`Asking: ${sentence}`, () => answered(sentence));
  // Another picture or network, or the same question, may have been quicker.
  if (!found || picture.file !== file || weights !== asked) return;
  if (answers.some((answer) => answer.sentence === sentence)) return question(sentence);
  const answer = { sentence, ...found };
  answers.push(answer);
  choose(answer);
  say(`${sentence} ${verdict(answer)}, in ${Math.round(answer.milliseconds)} ms.`);
  return answer;
}

async function exchanged() {
  const sentence = at("sentence").value.trim();
  const other = await busy("Exchanging left and right…", () => cpu.call("otherSide", { sentence }).then((other) => ({ other })));
  if (!other) return;
  if (other.other === undefined) return say("The sentence names no side.", true);
  const before = await question(sentence);
  at("sentence").value = other.other;
  const after = await question(other.other);
  if (before && after) say(`“${before.sentence}” and “${after.sentence}” have ${(100 * common(before, after)).toFixed(0)} % of their pixels in common.`);
}

async function opened(file) {
  if (!file) return;
  const bytes = await busy(`Reading ${file.name}…`, () => file.arrayBuffer());
  if (bytes && await show(bytes, file.name)) await question(at("sentence").value);
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`${name} is saved.`);
}

// A file's name without its ending. Numbers are none: archives call DICOM files by identifiers, numbers with dots.
const stem = () => picture.name.replace(/\.(?!\d+$)[^.]*$/, "");

const saveMask = () => busy("Writing the mask…", async () => {
  const { sentence, threshold } = chosen;
  const bytes = await (await current(true)).call("mask", { sentence, threshold });
  save(new Blob([bytes], { type: "image/png" }), `${stem()}.mask.png`);
});

// All answers, each with its own threshold.
const saveDicom = () => busy("Writing the DICOM Segmentation object…", async () => {
  const name = `${stem()}.seg.dcm`;
  const asked = answers.map(({ sentence, threshold }) => ({ sentence, threshold }));
  const bytes = await (await current(true)).call("segmentation", { weights: weights.bytes, asked, name });
  save(new Blob([bytes], { type: "application/dicom" }), name);
});

const saveOverlay = () => busy("Writing the overlay…", async () => {
  const name = `${stem()}.overlay.png`;
  save(await overlay(picture.full, chosen, Number(at("opacity").value), progress), name);
});

// Wiring -------------------------------------------------------------------------------------------------

at("question").addEventListener("submit", (event) => {
  event.preventDefault();
  question(at("sentence").value);
});
at("swap").addEventListener("click", exchanged);
at("file").addEventListener("change", (event) => opened(event.target.files[0]));
at("weights").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  if (file) await load(await file.arrayBuffer(), file.name);
});
at("threshold").addEventListener("input", () => {
  // As the network has them: a threshold that nobody moved stays exactly the weights'.
  chosen.threshold = Math.fround(Number(at("threshold").value));
  draw();
});
at("opacity").addEventListener("input", draw);
at("save-mask").addEventListener("click", saveMask);
at("save-overlay").addEventListener("click", saveOverlay);
at("save-dicom").addEventListener("click", saveDicom);
at("on-cpu").addEventListener("change", () => {
  kept("cpu");
  stopGpu();
  onCpu();
});
at("on-gpu").addEventListener("change", () => {
  kept("gpu");
  startGpu(true);
});

addEventListener("dragover", (event) => {
  event.preventDefault();
  at("frame").classList.add("over");
});
addEventListener("dragleave", () => at("frame").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  at("frame").classList.remove("over");
  opened(event.dataTransfer.files[0]);
});
addEventListener("paste", (event) => opened(event.clipboardData.files[0]));

for (const event of ["pointermove", "pointerdown"]) view.addEventListener(event, pointed);

function pointed(event) {
  if (!picture) return;
  // The picture is fitted into the canvas's box.
  const box = view.getBoundingClientRect();
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const x = Math.floor((event.clientX - box.left - (box.width - scale * picture.width) / 2) / scale);
  const y = Math.floor((event.clientY - box.top - (box.height - scale * picture.height) / 2) / scale);
  if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) return;
  cursor = [x, y];
  point();
}

view.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step || !picture) return;
  event.preventDefault();
  const far = event.shiftKey ? 16 : 1;
  const [x, y] = cursor ?? [picture.width >> 1, picture.height >> 1];
  const within = (value, size) => Math.min(size - 1, Math.max(0, value));
  cursor = [within(x + far * step[0], picture.width), within(y + far * step[1], picture.height)];
  point();
});

at("suggestions").replaceChildren(...SUGGESTIONS.map((text) => {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.disabled = true;
  button.addEventListener("click", () => {
    at("sentence").value = text;
    question(text);
  });
  return button;
}));
at("examples").replaceChildren(...EXAMPLES.map(([name, sentence], place) => {
  const button = document.createElement("button");
  button.type = "button";
  button.title = `Chest X-ray ${place + 1}: ${sentence}`;
  button.setAttribute("aria-label", button.title);
  const image = new Image();
  image.src = name;
  image.alt = "";
  button.append(image);
  button.addEventListener("click", async () => {
    at("sentence").value = sentence;
    const bytes = await busy(`Loading ${name}…`, () => bytesOf(name));
    if (bytes && await show(bytes, name)) await question(sentence);
  });
  return button;
}));

// The bytes of a file of the page's.
async function bytesOf(name) {
  const response = await fetched(name, (done, all) => progress(all ? done / all : undefined));
  return response.arrayBuffer();
}

// The first network, which a picture that is chosen before waits for.
const loaded = busy("Loading the network chest…", () => bytesOf("network.safetensors")).then((bytes) => bytes && load(bytes, "chest"));

// Which device was chosen; a choice is kept where the browser keeps anything.
function kept(choice) {
  try {
    if (choice) localStorage.setItem("device", choice);
    return localStorage.getItem("device");
  } catch {
    return null;
  }
}

async function begin() {
  if (!(await loaded)) return;
  const wanted = kept();
  if (wanted === "cpu") return onCpu();
  at("on-gpu").checked = wanted === "gpu";
  await startGpu(wanted === "gpu");
}

begin();
navigator.serviceWorker?.register("offline.js");
