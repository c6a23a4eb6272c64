// The page: what a person does, and what is drawn. The network is in worker.js.

const at = (id) => document.getElementById(id);
const AMBER = [255, 176, 0];
const EXAMPLES = [
  ["xray-1.jpg", "The left lung."],
  ["xray-2.jpg", "Lower zone of the right lung."],
  ["xray-3.jpg", "The lung on the left side of the image."],
];
const SUGGESTIONS = [
  "The left lung.", "The right lung.", "Both lungs.", "Upper half of the left lung.", "Lower third of the patient's right lung.",
  "Middle zone of the left lung.", "The lung on the left side of the image.", "Infection in the right lung.",
];
const WHOSE = {
  patient: "A bare “left” is the patient’s left: on a frontal X-ray the right of the picture. “On the left side of the image” is the other one.",
  image: "“Left” is the left of the picture, whoever’s side that is.",
  stated: "The sentence has to say whose left it means: the patient’s or the image’s.",
};

// The worker ---------------------------------------------------------------------------------------------

let worker;
let calls = new Map();
let last = 0;

function start() {
  worker = new Worker("worker.js", { type: "module" });
  worker.addEventListener("message", ({ data: { id, value, error, broken } }) => {
    const call = calls.get(id);
    calls.delete(id);
    if (error === undefined) return call?.resolve(value);
    call?.reject(new Error(error));
    if (broken) restart();
  });
  worker.addEventListener("error", (event) => {
    const error = new Error(`the program could not be started: ${event.message ?? "unknown"}`);
    for (const call of calls.values()) call.reject(error);
    calls.clear();
  });
}

function ask(call, values, moved = []) {
  const id = ++last;
  return new Promise((resolve, reject) => {
    calls.set(id, { resolve, reject });
    worker.postMessage({ id, call, values }, moved);
  });
}

// After a panic the program's memory is not to be trusted: another is started, with the same weights and picture.
async function restart() {
  worker.terminate();
  for (const call of calls.values()) call.reject(new Error("the program was started anew"));
  calls.clear();
  start();
  if (weights) await ask("load", weights);
  if (picture) await ask("show", picture.file);
}

// What is shown ------------------------------------------------------------------------------------------

let weights = null; // { bytes, name }
let network = null; // { sides, size }
let picture = null; // { width, height, base: ImageData's canvas, file, name }
let answers = []; // { sentence, probabilities, threshold, ... }
let chosen = null;
let cursor = null; // [x, y]

const view = at("view");
const context = view.getContext("2d");

function say(text, wrong = false) {
  at("status").textContent = text;
  at("status").classList.toggle("wrong", wrong);
}

async function busy(text, work) {
  say(text);
  document.body.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    say(error.message, true);
  } finally {
    document.body.removeAttribute("aria-busy");
  }
}

function draw() {
  if (!picture) return;
  context.drawImage(picture.base, 0, 0);
  if (chosen) {
    const { width, height } = picture;
    const threshold = Number(at("threshold").value);
    const opacity = Number(at("opacity").value);
    const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && chosen.probabilities[y * width + x] >= threshold;
    const layer = context.getImageData(0, 0, width, height);
    let area = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (!inside(x, y)) continue;
        area++;
        const edge = !inside(x - 1, y) || !inside(x + 1, y) || !inside(x, y - 1) || !inside(x, y + 1);
        const share = edge ? Math.max(opacity, 0.9) * (opacity > 0) : opacity;
        const pixel = 4 * (y * width + x);
        for (let c = 0; c < 3; c++) {
          layer.data[pixel + c] += share * (AMBER[c] - layer.data[pixel + c]);
        }
      }
    }
    context.putImageData(layer, 0, 0);
    const share = ((100 * area) / (width * height)).toFixed(1);
    at("area").textContent = `${area} pixels, ${share} % of the picture`;
    view.setAttribute("aria-label", `${picture.name}; ${chosen.sentence} ${verdict(chosen)}, ${share} % of the picture`);
  } else {
    view.setAttribute("aria-label", `${picture.name}, ${picture.width} by ${picture.height} pixels`);
  }
  at("threshold-value").textContent = Number(at("threshold").value).toFixed(2);
  at("opacity-value").textContent = Number(at("opacity").value).toFixed(2);
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
    said.textContent = ` ${verdict(answer)}${answer.cut ? "; its end was not read, it is too long" : ""}`;
    text.append(answer.sentence, said);
    label.append(radio, text);
    return label;
  }));
}

function choose(answer) {
  chosen = answer;
  if (answer) at("threshold").value = answer.threshold;
  list();
  draw();
}

// What a person does -------------------------------------------------------------------------------------

async function load(bytes, name) {
  const found = await busy(`Reading ${name}…`, () => ask("load", { bytes, name }));
  if (!found) return false;
  weights = { bytes, name };
  network = found;
  at("sides").textContent = WHOSE[network.sides] ?? "The weights do not say whose left they mean: try it with a picture that you know.";
  if (picture) await ask("show", picture.file);
  answers = [];
  choose(null);
  at("ask").disabled = at("swap").disabled = !picture;
  say(`${name}: looks at ${network.size} × ${network.size} pixels, on the CPU.`);
  return true;
}

async function show(bytes, name) {
  const file = { bytes, name };
  const shown = await busy(`Reading ${name}…`, () => ask("show", file));
  if (!shown) return false;
  const { width, height, notes, rgba } = shown;
  const base = new OffscreenCanvas(width, height);
  base.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(rgba.buffer), width, height), 0, 0);
  picture = { width, height, base, file, name };
  [view.width, view.height] = [width, height];
  at("hint").hidden = true;
  at("notes").replaceChildren(...notes.map((note) => {
    const item = document.createElement("li");
    item.textContent = note;
    return item;
  }));
  answers = [];
  cursor = null;
  choose(null);
  at("ask").disabled = at("swap").disabled = false;
  say(`${name}: ${width} × ${height} pixels.`);
  return true;
}

async function question(sentence) {
  sentence = sentence.trim();
  if (!picture) return say("Choose a picture first.", true);
  if (!sentence) return say("Say what to segment, for example “The left lung.”", true);
  const known = answers.find((answer) => answer.sentence === sentence);
  if (known) return choose(known);
  const found = await busy(`Asking: ${sentence}`, () => ask("ask", { sentence }));
  if (!found) return;
  const answer = { sentence, ...found };
  answers.push(answer);
  choose(answer);
  say(`${sentence} ${verdict(answer)}, in ${Math.round(answer.milliseconds)} ms.`);
}

async function exchanged() {
  const sentence = at("sentence").value;
  const other = await ask("otherSide", { sentence });
  if (other === undefined) return say("The sentence names no side.", true);
  at("sentence").value = other;
  await question(other);
}

async function opened(file) {
  if (!file) return;
  if (await show(await file.arrayBuffer(), file.name)) await question(at("sentence").value);
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const stem = () => picture.name.replace(/\.[^.]*$/, "");

async function saveMask() {
  const threshold = Number(at("threshold").value);
  const bytes = await ask("mask", { sentence: chosen.sentence, threshold });
  save(new Blob([bytes], { type: "image/png" }), `${stem()}.mask.png`);
}

function saveOverlay() {
  view.toBlob((blob) => save(blob, `${stem()}.overlay.png`), "image/png");
}

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
at("threshold").addEventListener("input", draw);
at("opacity").addEventListener("input", draw);
at("save-mask").addEventListener("click", saveMask);
at("save-overlay").addEventListener("click", saveOverlay);

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

view.addEventListener("pointermove", (event) => {
  if (!picture) return;
  // The picture is fitted into the canvas's box.
  const box = view.getBoundingClientRect();
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const x = Math.floor((event.clientX - box.left - (box.width - scale * picture.width) / 2) / scale);
  const y = Math.floor((event.clientY - box.top - (box.height - scale * picture.height) / 2) / scale);
  if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) return;
  cursor = [x, y];
  point();
});
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

at("suggestions").replaceChildren(...SUGGESTIONS.map((text) => new Option(text)));
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
    const bytes = await (await fetch(name)).arrayBuffer();
    if (await show(bytes, name)) await question(sentence);
  });
  return button;
}));

// A file with its progress.
async function fetched(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} could not be loaded (${response.status})`);
  const all = Number(response.headers.get("Content-Length"));
  const parts = [];
  let got = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    got += value.length;
    if (all) at("progress").value = got / all;
  }
  return new Blob(parts).arrayBuffer();
}

start();
busy("Loading the network chest…", async () => {
  const bytes = await fetched("network.safetensors");
  at("progress").hidden = true;
  if (await load(bytes, "chest")) at("ask").disabled = at("swap").disabled = !picture;
});
navigator.serviceWorker?.register("offline.js");
