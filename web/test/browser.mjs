// What the tests share: the page's server, the browser, and the ways of a person.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const web = join(import.meta.dirname, "..");
export const root = join(web, "..");
// Where the native programs are that the page is held against.
export const native = process.env.NATIVE ?? join(root, "target/release");
export const scratch = mkdtempSync(join(tmpdir(), "page-"));
export const WAIT = { timeout: 60_000 };
const pictures = join(import.meta.dirname, "pictures");

// The page's server, and its address.
export async function serve() {
  const process = spawn(join(web, "pack/target/release/pack"), ["serve", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise((resolve) => process.stdout.once("data", (text) => resolve(String(text).trim())));
  return { process, address };
}

// Chromium with an adapter for WebGPU that computes on the CPU, or without any.
export async function launch(gpu = false) {
  mkdirSync(pictures, { recursive: true });
  const args = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  if (gpu) args.push("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader");
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
}

export function clear() {
  rmSync(scratch, { recursive: true, force: true });
}

export async function open(browser, { address }, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => assert.fail(`the page threw: ${error}`));
  await page.goto(address);
  await page.getByText("omputed on the CPU").waitFor(WAIT);
  return page;
}

export async function picture(page, name, full = true) {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: full });
}

export async function idle(page) {
  await page.waitForFunction(() => !document.body.hasAttribute("aria-busy"), null, WAIT);
}

export async function example(page, number = 1) {
  await page.locator("#examples button").nth(number - 1).click();
  await page.locator("#list label").first().waitFor(WAIT);
  await idle(page);
}

export async function ask(page, sentence, wait = WAIT) {
  await page.locator("#sentence").fill(sentence);
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await page.locator("#list label", { hasText: sentence }).first().waitFor(wait);
  await page.waitForFunction(() => !document.body.hasAttribute("aria-busy"), null, wait);
}

export const status = (page) => page.locator("#status").textContent();

// What a button gives to save.
export async function saved(page, button) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  return { name: download.suggestedFilename(), path: await download.path() };
}
