// The page in a real browser, used as a person would use it. Needs Chromium and Node.js 20:
//
//   cargo build --release --workspace --bins --examples
//   cargo run --release --manifest-path web/pack/Cargo.toml -- build
//   cd web/test && npm ci && node --test --test-concurrency=1 *.test.mjs
//
// Leaves screenshots in web/test/pictures.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WAIT, ask, clear, example, idle, launch, native, open as opened, picture, root, saved, scratch, serve, status } from "./browser.mjs";
import { elements } from "./elements.mjs";

let served, browser, elsewhere;

before(async () => {
  served = await serve();
  // A server that the page must not reach.
  elsewhere = createServer((_, response) => {
    elsewhere.reached = true;
    response.setHeader("Access-Control-Allow-Origin", "*").end("reached");
  });
  await new Promise((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  served?.process.kill();
  elsewhere?.close();
  clear();
});

const open = (options, at = served) => opened(browser, at, options);

test("an example is answered, exchanged, looked at and saved", async () => {
  const page = await open();
  await picture(page, "1-start");
  await example(page);
  assert.match(await status(page), /^The left lung\. found \(presence [01]\.\d\d\), in \d+ ms\.$/);
  await picture(page, "2-answer");
  const area = await page.locator("#area").textContent();
  await page.getByRole("button", { name: "exchanged" }).click();
  await page.getByText("of their pixels in common").waitFor(WAIT);
  assert.match(await status(page), /^“The left lung\.” and “The right lung\.” have 0 % of/);
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
  await page.waitForFunction((before) => Number(document.getElementById("area").textContent.split(" ")[0]) < before, before);

  const mask = await saved(page, "Save mask");
  assert.equal(mask.name, "xray-1.mask.png");
  const png = readFileSync(mask.path);
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  assert.deepEqual([png[24], png[25]], [8, 0], "8-bit grey");
  const overlay = await saved(page, "Save overlay");
  assert.equal(overlay.name, "xray-1.overlay.png");
  assert.deepEqual([16, 20].map((at) => readFileSync(overlay.path).readUInt32BE(at)), [256, 256]);
  // Of no DICOM file there is no object to save.
  assert.ok(!(await page.locator("#save-dicom").isVisible()));

  // Each answer keeps the threshold that it was given.
  await page.locator("#list input").nth(1).click();
  assert.equal(await page.locator("#threshold").inputValue(), "0.5");
  await page.locator("#list input").first().click();
  assert.equal(await page.locator("#threshold").inputValue(), "0.95");
  await page.context().close();
});

test("the probabilities are the native program's", async () => {
  const page = await open();
  const [weights, shown, sentence] = ["network.safetensors", "xray-2.jpg", "Lower zone of the right lung."];
  const out = join(scratch, "native.f32");
  const at = (name) => join(root, "assets/chest", name);
  execFileSync(join(native, "examples/answer"), [at(weights), at(shown), sentence, out], { stdio: "inherit" });
  const expected = new Float32Array(new Uint8Array(readFileSync(out)).buffer);
  const { found, first, second } = await page.evaluate(async ([weights, shown, sentence]) => {
    const program = await import("./causal_clip_seg_web.js");
    await program.default({ module_or_path: "causal_clip_seg_web_bg.wasm" });
    const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
    const network = new program.Network(await bytes(weights), weights);
    const file = await bytes(shown);
    const start = performance.now();
    network.show(file, shown);
    const found = Array.from((await network.ask(sentence)).probabilities);
    const first = performance.now() - start;
    await network.ask("The left lung.");
    return { found, first, second: performance.now() - start - first };
  }, [weights, shown, sentence]);
  assert.equal(found.length, expected.length);
  const worst = found.reduce((most, value, place) => Math.max(most, Math.abs(value - expected[place])), 0);
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
  const program = join(native, "causal-clip-seg");
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

test("a DICOM file is a picture, and its answers the command line's Segmentation object", async () => {
  const page = await open();
  const file = join(root, "crates/seg-dicom/tests/data/jpeg_lossless.dcm");
  await page.locator("#weights").setInputFiles(join(root, "assets/chest/network.safetensors"));
  await page.getByText("network.safetensors: looks at").waitFor(WAIT);
  await page.locator("#file").setInputFiles(file);
  await page.locator("#list label").first().waitFor(WAIT);
  await idle(page);
  assert.match(await status(page), /^The left lung\. /);
  await ask(page, "Lower zone of the right lung.");
  await picture(page, "7-dicom");
  const object = await saved(page, "Save DICOM SEG");
  assert.equal(object.name, "jpeg_lossless.seg.dcm");

  const out = join(scratch, "dicom");
  mkdirSync(out);
  const questions = ["The left lung.", "Lower zone of the right lung."];
  execFileSync(
    join(native, "causal-clip-seg"),
    ["segment", "-w", "network.safetensors", "-i", file, ...questions, "--dicom-seg", "-o", out],
    { cwd: join(root, "assets/chest"), stdio: "pipe" },
  );
  // New identifiers and times each time: the file's and the object's, the series', the dimensions'.
  const own = /^(0002(0000|0003)|0008(0012|0013|0018|0023|0033)|0020000e|(00209221\[0\]\.|00209222\[\d\]\.)00209164)$/;
  const compared = (path) => elements(readFileSync(path)).map(([tag, vr, value]) => [tag, vr, own.test(tag) ? "its own" : value]);
  const [found, expected] = [compared(object.path), compared(join(out, "jpeg_lossless.seg.dcm"))];
  assert.ok(expected.some(([tag]) => tag === "7fe00010") && expected.length > 80, `${expected.length}`);
  assert.deepEqual(found, expected);

  await page.locator("#file").setInputFiles(join(root, "crates/seg-dicom/tests/data/jpeg2000.dcm"));
  await page.getByText("JPEG 2000").first().waitFor(WAIT);
  await page.context().close();
});

test("a choice of the GPU that cannot be had is told, and the CPU answers", async () => {
  const page = await open();
  await page.locator("#on-gpu").click();
  await page.getByText("This browser offers no GPU (WebGPU): computed on the CPU.").waitFor(WAIT);
  assert.ok(await page.locator("#on-cpu").isChecked());
  await example(page);
  assert.match(await status(page), /^The left lung\. found/);
  await page.context().close();
});

test("a picture can be dropped and pasted", async () => {
  const page = await open();
  for (const [type, file] of [["drop", "xray-2.jpg"], ["paste", "xray-3.jpg"]]) {
    await page.evaluate(async ([type, file]) => {
      const files = new DataTransfer();
      files.items.add(new File([await (await fetch(file)).blob()], file, { type: "image/jpeg" }));
      const event = type === "drop"
        ? new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true })
        : new ClipboardEvent(type, { clipboardData: files, bubbles: true });
      document.body.dispatchEvent(event);
    }, [type, file]);
    await page.locator(`#view[aria-label^="${file}; The left lung. found"]`).waitFor(WAIT);
  }
  await page.context().close();
});

test("a large picture is drawn smaller and saved whole, and the page goes on meanwhile", async () => {
  const page = await open();
  const large = join(scratch, "large.jpg");
  // Three times as many pixels as are drawn.
  const bytes = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(4000, 3000);
    const paint = canvas.getContext("2d");
    const image = await createImageBitmap(await (await fetch("xray-1.jpg")).blob());
    paint.drawImage(image, 0, 0, 4000, 3000);
    const blob = await canvas.convertToBlob({ type: "image/jpeg" });
    return Array.from(new Uint8Array(await blob.arrayBuffer()));
  });
  writeFileSync(large, Buffer.from(bytes));
  // The longest that a frame of the page's has to wait for its turn.
  await page.evaluate(() => {
    let last = performance.now();
    self.longest = 0;
    setInterval(() => {
      self.longest = Math.max(self.longest, performance.now() - last);
      last = performance.now();
    }, 10);
  });
  await page.locator("#file").setInputFiles(large);
  await page.locator("#list label").first().waitFor(WAIT);
  await idle(page);
  assert.match(await page.locator("#area").textContent(), /^\d{6,7} pixels/);
  const overlay = await saved(page, "Save overlay");
  assert.deepEqual([16, 20].map((at) => readFileSync(overlay.path).readUInt32BE(at)), [4000, 3000]);
  console.log(`12 million pixels: the page waited ${(await page.evaluate(() => self.longest)).toFixed(0)} ms at most`);
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
  await page.getByText("omputed on the CPU").waitFor(WAIT);
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
