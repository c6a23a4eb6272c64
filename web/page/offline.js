// Keeps the page's files, so that it works without a connection after the first visit.
const KEPT = "segment-by-sentence";

// All that the page needs, kept when it is opened for the first time. The program for the GPU is kept when it is used.
const FILES = [
  "./", "style.css", "app.js", "adapter.js", "fetched.js", "paint.js", "program.js", "words.js", "worker.js", "icon.svg", "causal_clip_seg_web.js", "causal_clip_seg_web_bg.wasm",
  "network.safetensors", "xray-1.jpg", "xray-2.jpg", "xray-3.jpg", "NOTICE",
];

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(FILES)));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || new URL(event.request.url).origin !== location.origin) return;
  event.respondWith(answer(event.request));
});

// The newest that can be had; what was kept, if nothing can.
async function answer(request) {
  const kept = await caches.open(KEPT);
  try {
    const found = await fetch(request);
    if (found.ok) await kept.put(request, found.clone());
    return found;
  } catch (error) {
    const found = await kept.match(request, { ignoreSearch: true });
    if (found) return found;
    throw error;
  }
}
