// A mask over a picture.
const AMBER = [255, 176, 0];

// Paints what is inside over rows of a picture. `image` shows each `step`th column of each `step`th row, from the
// row `top` on; `answer` has a probability for each of `width` times `height` pixels.
export function paint(image, { top, step, width, height }, { probabilities, threshold }, opacity) {
  const { data } = image;
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && probabilities[y * width + x] >= threshold;
  for (let row = 0; row < image.height; row++) {
    const y = top + row * step;
    for (let column = 0; column < image.width; column++) {
      const x = column * step;
      if (!inside(x, y)) continue;
      const edge = !inside(x - step, y) || !inside(x + step, y) || !inside(x, y - step) || !inside(x, y + step);
      const share = edge ? Math.max(opacity, 0.9) * (opacity > 0) : opacity;
      const pixel = 4 * (row * image.width + column);
      for (let c = 0; c < 3; c++) data[pixel + c] += share * (AMBER[c] - data[pixel + c]);
    }
  }
}

// How many pixels are inside.
export function area({ probabilities, threshold }) {
  let inside = 0;
  for (let at = 0; at < probabilities.length; at++) inside += probabilities[at] >= threshold;
  return inside;
}

// The share of all that are inside one of two answers that is inside both: 1 where they are the same.
export function common(a, b) {
  let both = 0;
  let either = 0;
  for (let at = 0; at < a.probabilities.length; at++) {
    const [inA, inB] = [a.probabilities[at] >= a.threshold, b.probabilities[at] >= b.threshold];
    both += inA && inB;
    either += inA || inB;
  }
  return either ? both / either : 1;
}

// A canvas at one `step`th of its size.
export function smaller(canvas, step) {
  if (step === 1) return canvas;
  const small = new OffscreenCanvas(Math.ceil(canvas.width / step), Math.ceil(canvas.height / step));
  small.getContext("2d").drawImage(canvas, 0, 0, canvas.width / step, canvas.height / step);
  return small;
}

// A picture of a canvas's own size with an answer over it, as a PNG: some rows at a time, so that the page goes on.
export async function overlay(full, answer, opacity, told) {
  const { width, height } = full;
  const out = new OffscreenCanvas(width, height);
  const context = out.getContext("2d");
  context.drawImage(full, 0, 0);
  const rows = Math.max(1, Math.floor(1_000_000 / width));
  for (let top = 0; top < height; top += rows) {
    const layer = context.getImageData(0, top, width, Math.min(rows, height - top));
    paint(layer, { top, step: 1, width, height }, answer, opacity);
    context.putImageData(layer, 0, top);
    told((top + layer.height) / height);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return out.convertToBlob({ type: "image/png" });
}
