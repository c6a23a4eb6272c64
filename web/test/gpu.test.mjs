// The page on WebGPU, by an adapter that computes on the CPU: slow, and right. Needs what page.test.mjs needs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WAIT, ask, clear, example, idle, launch, native, open, picture, root, scratch, serve, status, web } from "./browser.mjs";

// Its programs are compiled and computed by the CPU.
const LONG = { timeout: 900_000 };
const skip = !existsSync(join(web, "dist/causal_clip_seg_gpu_bg.wasm")) && "the page was built without a program for the GPU";

let served, browser;

before(async () => {
  served = await serve();
  browser = await launch(true);
});

after(async () => {
  await browser?.close();
  served?.process.kill();
  clear();
});

// Keeps the last answer's probabilities, as they come from the worker.
function listen() {
  self.Worker = class extends Worker {
    constructor(...values) {
      super(...values);
      this.addEventListener("message", ({ data }) => {
        if (data.value?.probabilities) self.heard = Array.from(data.value.probabilities);
      });
    }
  };
}

test("the GPU's answers are the native program's, and the CPU goes on where it is lost", { skip }, async () => {
  const page = await open(browser, served);
  // An adapter that imitates a GPU is not taken unasked.
  assert.match(await page.locator("#device").textContent(), /imitates one: computed on the CPU/);
  await page.addInitScript(listen);
  await page.reload();
  await page.getByText("omputed on the CPU").waitFor();
  await example(page, 2);
  await page.locator("#on-gpu").click();
  await page.getByText(/^Preparing the GPU/).waitFor(LONG);
  await page.getByText(/^\d\d of about 1\d\d kernels$/).waitFor(LONG);
  await picture(page, "8-gpu-prepares");
  // Until it is ready the CPU answers.
  await ask(page, "The right lung.");
  assert.match(await status(page), /^The right lung\. found/);
  await page.getByText("Computed on the GPU").waitFor(LONG);
  const sentence = "Upper half of the left lung.";
  await ask(page, sentence, LONG);
  assert.match(await page.locator("#device").textContent(), /^Computed on the GPU/);
  await picture(page, "9-gpu");

  const out = join(scratch, "native.f32");
  const at = (name) => join(root, "assets/chest", name);
  execFileSync(join(native, "examples/answer"), [at("network.safetensors"), at("xray-2.jpg"), sentence, out], { stdio: "inherit" });
  const expected = new Float32Array(new Uint8Array(readFileSync(out)).buffer);
  const found = await page.evaluate(() => self.heard);
  assert.equal(found.length, expected.length);
  const worst = found.reduce((most, value, place) => Math.max(most, Math.abs(value - expected[place])), 0);
  console.log(`on WebGPU: largest difference ${worst}; ${await status(page)}`);
  assert.ok(worst < 5e-3, `${worst}`);

  const worker = page.workers().find((worker) => worker.url().endsWith("?gpu"));
  await worker.evaluate(() => self.device.destroy());
  await page.getByText(/^The GPU was lost .*: computed on the CPU\.$/).waitFor(LONG);
  await idle(page);
  assert.equal(await page.locator("#list label").count(), 3);
  await ask(page, "Both lungs.");
  await picture(page, "10-gpu-lost");
  await page.context().close();
});

test("a GPU that computes something else is not believed", { skip }, async () => {
  const page = await open(browser, served, { serviceWorkers: "block" });
  await example(page, 2);
  // The worker's own file, and a GPU that leaves out a tenth of what it is told to do.
  await page.route(/worker\.js\?gpu$/, async (route) => {
    const response = await route.fetch();
    const broken = `
      const dispatch = GPUComputePassEncoder.prototype.dispatchWorkgroups;
      let count = 0;
      GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...values) {
        if (++count % 10) dispatch.apply(this, values);
      };`;
    await route.fulfill({ response, body: (await response.text()) + broken });
  });
  await page.locator("#on-gpu").click();
  const device = page.locator("#device");
  await device.filter({ hasText: /omputed on the/ }).waitFor(LONG);
  assert.match(await device.textContent(), /^(the GPU's answer differs from the CPU's by .*|the device computed no probabilities): computed on the CPU\.$/);
  assert.ok(await page.locator("#on-cpu").isChecked());
  await ask(page, "Both lungs.");
  assert.match(await status(page), /^Both lungs\. found/);
  await page.context().close();
});

test("without the GPU's program the CPU answers", async () => {
  const page = await open(browser, served, { serviceWorkers: "block" });
  await page.route(/causal_clip_seg_gpu/, (route) => route.fulfill({ status: 404 }));
  await page.locator("#on-gpu").click();
  await page.getByText("The GPU’s program is not here, the page may be built without it: computed on the CPU.").waitFor(WAIT);
  await example(page);
  await page.context().close();
});
