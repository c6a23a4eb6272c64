// A program that answers: a worker, on the CPU or on the GPU, and what it has of the page's weights and picture.
export class Program {
  // `told` is given progress, `lost` a line when what it computes on is lost.
  constructor(kind, told, lost) {
    Object.assign(this, { kind, told, lost });
    this.start();
  }

  start() {
    this.calls = new Map();
    this.last = 0;
    this.weights = this.file = null;
    this.asked = new Set();
    const worker = new Worker(`worker.js?${this.kind}`, { type: "module" });
    this.worker = worker;
    worker.addEventListener("message", ({ data: { id, value, error, broken, progress, lost } }) => {
      if (worker !== this.worker) return;
      if (progress) return this.told(progress);
      if (lost) {
        this.stop(lost);
        return this.lost(lost);
      }
      const call = this.calls.get(id);
      this.calls.delete(id);
      if (error === undefined) return call?.resolve(value);
      call?.reject(new Error(error));
      // After a panic its memory is not to be trusted.
      if (broken) this.restart();
    });
    worker.addEventListener("error", (event) => {
      if (worker === this.worker) this.fail(`the program could not be started: ${event.message ?? "unknown"}`);
    });
  }

  fail(text) {
    for (const call of this.calls.values()) call.reject(new Error(text));
    this.calls.clear();
  }

  stop(text = "it was stopped") {
    this.worker?.terminate();
    this.worker = null;
    this.fail(text);
  }

  restart() {
    this.stop("the program was started anew: ask again");
    this.start();
  }

  call(call, values, moved = []) {
    if (!this.worker) return Promise.reject(new Error("it was stopped"));
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject });
      this.worker.postMessage({ id, call, values }, moved);
    });
  }

  async load(weights) {
    const found = await this.call("load", weights);
    this.weights = weights;
    this.file = null;
    this.asked.clear();
    return found;
  }

  async show(file) {
    const shown = await this.call("show", file);
    this.file = file;
    this.asked.clear();
    return shown;
  }

  async ask(sentence) {
    const found = await this.call("ask", { sentence });
    this.asked.add(sentence);
    return found;
  }

  // Brings it to where the page is, if it was started anew or another one answered before.
  async catchUp(weights, file) {
    if (weights && this.weights !== weights) await this.load(weights);
    if (file && this.file !== file) await this.show(file);
  }
}
