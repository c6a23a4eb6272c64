// The elements of a DICOM file in explicit VR little endian, as pairs of a path and a value in hexadecimal.
import assert from "node:assert/strict";

const LONG = new Set(["OB", "OW", "OF", "OD", "OL", "OV", "SQ", "UC", "UN", "UR", "UT", "SV", "UV"]);
const UNDEFINED = 0xffffffff;

export function elements(file) {
  assert.equal(file.subarray(128, 132).toString(), "DICM");
  const found = [];
  read(file, 132, file.length, "", found);
  return found;
}

// Reads elements from `at` until `end` or the end of an item, and says where that is.
function read(file, at, end, path, found) {
  while (at < end) {
    const tag = [file.readUInt16LE(at), file.readUInt16LE(at + 2)].map((n) => n.toString(16).padStart(4, "0")).join("");
    if (tag === "fffee00d") return at + 8;
    const vr = file.toString("latin1", at + 4, at + 6);
    const long = LONG.has(vr);
    const length = long ? file.readUInt32LE(at + 8) : file.readUInt16LE(at + 6);
    at += long ? 12 : 8;
    if (vr !== "SQ") {
      found.push([path + tag, vr, file.toString("hex", at, at + length)]);
      at += length;
      continue;
    }
    const stop = length === UNDEFINED ? end : at + length;
    for (let item = 0; at < stop; item++) {
      const delimiter = file.readUInt16LE(at + 2) === 0xe0dd;
      const size = file.readUInt32LE(at + 4);
      at += 8;
      if (delimiter) break;
      at = read(file, at, size === UNDEFINED ? stop : at + size, `${path}${tag}[${item}].`, found);
    }
  }
  return at;
}
