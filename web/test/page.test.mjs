// The page in a real browser, used as a person would use it. Needs Chromium and Node.js 20:
//
//   cargo build --release --workspace --bins --examples
//   cargo run --release --manifest-path web/pack/Cargo.toml -- build
//   cd web/test && npm ci && node --test
//
// Leaves screenshots in web/test/pictures.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const web = join(import.meta.dirname, "..");
const root = join(web, "..");
const pictures = join(import.meta.dirname, "pictures");
const scratch = mkdtempSync(join(tmpdir(), "page-"));
const WAIT = { timeout: 60_000 };

let served, browser, elsewhere;

// The page's server, and its address.
async function serve() {
  const process = spawn(join(web, "pack/target/release/pack"), ["serve", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise((resolve) => process.stdout.once("data", (text) => resolve(String(text).trim())));
  return { process, address };
}

before(async () => {
  mkdirSync(pictures, { recursive: true });
  served = await serve();
  // A server that the page must not reach.
  elsewhere = createServer((_, response) => {
    elsewhere.reached = true;
    response.setHeader("Access-Control-Allow-Origin", "*").end("reached");
  });
  await new Promise((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  });
});

after(async () => {
  await browser?.close();
  served?.process.kill();
  elsewhere?.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function open(options = {}, { address } = served) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => assert.fail(`the page threw: ${error}`));
  await page.goto(address);
  await page.getByText("on the CPU").waitFor(WAIT);
  return page;
}

async function picture(page, name, full = true) {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: full });
}

async function example(page, number = 1) {
  await page.locator("#examples button").nth(number - 1).click();
  await page.locator("#list label").first().waitFor(WAIT);
  await page.waitForFunction(() => !document.body.hasAttribute("aria-busy"));
}

const status = (page) => page.locator("#status").textContent();

test("an example is answered, exchanged, looked at and saved", async () => {
  const page = await open();
  await picture(page, "1-start");
  await example(page);
  assert.match(await status(page), /^The left lung\. found \(presence [01]\.\d\d\), in \d+ ms\.$/);
  await picture(page, "2-answer");
  const area = await page.locator("#area").textContent();
  await page.getByRole("button", { name: "exchanged" }).click();
  await page.getByText("The right lung. found").first().waitFor(WAIT);
  assert.equal(await page.locator("#sentence").inputValue(), "The right lung.");
  assert.equal(await page.locator("#list label").count(), 2);
  assert.notEqual(await page.locator("#area").textContent(), area);
  await picture(page, "3-exchanged");

  // Back to the first, and what is under the pointer: the patient's left is on the picture's right.
  await page.locator("#list input").first().click();
  const box = await page.locator("#view").boundingBox();
  const side = Math.min(box.width, box.height);
  const left = box.x + (box.width - side) / 2;
  const read = async (x) => {
    await page.mouse.move(left + x * side, box.y + 0.5 * side);
    return Number((await page.locator("#probability").textContent()).match(/probability (\S+)/)[1]);
  };
  assert.ok((await read(0.72)) > 0.5 && (await read(0.28)) < 0.5);

  // A higher threshold, a smaller mask.
  const pixels = async () => Number((await page.locator("#area").textContent()).split(" ")[0]);
  const before = await pixels();
  await page.locator("#threshold").fill("0.95");
  assert.ok((await pixels()) < before);

  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save mask" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "xray-1.mask.png");
  const png = readFileSync(await download.path());
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  assert.deepEqual([png[24], png[25]], [8, 0], "8-bit grey");
  await page.context().close();
});

test("the probabilities are the native program's", async () => {
  const page = await open();
  const [weights, shown, sentence] = ["network.safetensors", "xray-2.jpg", "Lower zone of the right lung."];
  const out = join(scratch, "native.f32");
  const at = (name) => join(root, "assets/chest", name);
  const program = join(root, "target/release/examples/answer");
  execFileSync(program, [at(weights), at(shown), sentence, out], { stdio: "inherit" });
  const native = new Float32Array(new Uint8Array(readFileSync(out)).buffer);
  const { found, first, second } = await page.evaluate(async ([weights, shown, sentence]) => {
    const program = await import("./causal_clip_seg_web.js");
    await program.default({ module_or_path: "causal_clip_seg_web_bg.wasm" });
    const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
    const network = new program.Network(await bytes(weights), weights);
    const file = await bytes(shown);
    const start = performance.now();
    network.show(file, shown);
    const found = Array.from(network.ask(sentence).probabilities);
    const first = performance.now() - start;
    network.ask("The left lung.");
    return { found, first, second: performance.now() - start - first };
  }, [weights, shown, sentence]);
  assert.equal(found.length, native.length);
  const worst = found.reduce((most, value, place) => Math.max(most, Math.abs(value - native[place])), 0);
  console.log(`largest difference ${worst}; first mask ${first.toFixed(0)} ms, another sentence ${second.toFixed(0)} ms`);
  assert.ok(worst < 1e-5, `${worst}`);
  await page.context().close();
});

test("the keyboard alone is enough", async () => {
  const page = await open();
  const focus = async (wanted) => {
    for (let step = 0; step < 30; step++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((wanted) => document.activeElement.matches(wanted), wanted)) return;
    }
    assert.fail(`${wanted} was never reached`);
  };
  await focus("#examples button");
  await page.keyboard.press("Enter");
  await page.locator("#list label").first().waitFor(WAIT);
  await focus("#sentence");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("Both lungs.");
  await page.keyboard.press("Enter");
  await page.getByText("Both lungs. found").first().waitFor(WAIT);
  await focus("#view");
  await page.keyboard.press("Shift+ArrowLeft");
  assert.match(await page.locator("#probability").textContent(), /^column \d+, row \d+: probability [01]\.\d{3}$/);
  await page.context().close();
});

test("wrong files are told in the command line's words, and what was there stays", async () => {
  const page = await open();
  await example(page);
  const text = join(scratch, "note.txt");
  writeFileSync(text, "no picture");
  await page.locator("#file").setInputFiles(text);
  await page.locator("#status.wrong").waitFor(WAIT);
  const program = join(root, "target/release/causal-clip-seg");
  const said = (() => {
    try {
      execFileSync(program, ["segment", "-i", text, "left lung", "-o", join(scratch, "out")], { stdio: "pipe" });
    } catch (error) {
      return String(error.stderr);
    }
  })();
  const sentence = await status(page);
  assert.match(sentence, /^note\.txt: not a/);
  assert.ok(said.includes(sentence.slice("note.txt".length)), `${said} / ${sentence}`);
  await picture(page, "4-wrong-file");
  await page.locator("#weights").setInputFiles(text);
  await page.getByText("note.txt", { exact: false }).first().waitFor(WAIT);
  // The network and the picture of before still answer.
  await page.locator("#sentence").fill("The right lung.");
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await page.getByText("The right lung. found").first().waitFor(WAIT);
  await page.context().close();
});

test("weights of one's own answer", async () => {
  const page = await open();
  await page.locator("#weights").setInputFiles(join(root, "assets/demo/tiny.safetensors"));
  await page.getByText("tiny.safetensors: looks at").waitFor(WAIT);
  await page.locator("#file").setInputFiles(join(root, "assets/demo/chest.png"));
  await page.locator("#list label").first().waitFor(WAIT);
  await page.locator("#sentence").fill("Lesion in the upper right lung.");
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await page.getByText("Lesion in the upper right lung.").first().waitFor(WAIT);
  await picture(page, "5-own-weights");
  await page.context().close();
});

test("a DICOM file is a picture", async () => {
  const page = await open();
  await page.locator("#file").setInputFiles(join(root, "crates/seg-dicom/tests/data/jpeg_lossless.dcm"));
  await page.locator("#list label").first().waitFor(WAIT);
  assert.match(await status(page), /^The left lung\. /);
  await picture(page, "7-dicom");
  await page.locator("#file").setInputFiles(join(root, "crates/seg-dicom/tests/data/jpeg2000.dcm"));
  await page.getByText("JPEG 2000").first().waitFor(WAIT);
  await page.context().close();
});

test("nothing leaves the machine", async () => {
  const page = await open();
  const target = `http://127.0.0.1:${elsewhere.address().port}/`;
  const fromPage = await page.evaluate((target) => fetch(target).then(() => "reached", (error) => error.name), target);
  assert.equal(fromPage, "TypeError");
  const worker = page.workers()[0];
  const fromWorker = await worker.evaluate((target) => fetch(target).then(() => "reached", (error) => error.name), target);
  assert.equal(fromWorker, "TypeError");
  assert.ok(!elsewhere.reached);
  await page.context().close();
});

test("it works without a connection after the first visit", async () => {
  const own = await serve();
  const page = await open({}, own);
  await page.evaluate(() => navigator.serviceWorker.ready);
  own.process.kill();
  await once(own.process, "exit");
  await page.reload();
  await page.getByText("on the CPU").waitFor(WAIT);
  await example(page, 2);
  await page.context().close();
});

test("it fits a phone, dark and light", async () => {
  for (const colorScheme of ["dark", "light"]) {
    for (const width of [390, 1400]) {
      const page = await open({ viewport: { width, height: 844 }, colorScheme });
      await example(page, 3);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} > ${width}`);
      await picture(page, `6-${width}-${colorScheme}`);
      await page.context().close();
    }
  }
});
