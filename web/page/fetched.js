// A file of the page's, whose progress is told: how many bytes are there, and of how many, 0 if that is not known:
// of a file that is sent compressed the length is that of what is sent, and what comes out is longer.
export async function fetched(name, told) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name} could not be loaded (${response.status})`);
  const all = response.headers.has("Content-Encoding") ? 0 : Number(response.headers.get("Content-Length"));
  let done = 0;
  const counted = new TransformStream({
    transform(part, out) {
      done += part.length;
      told(done, all);
      out.enqueue(part);
    },
  });
  const headers = { "Content-Type": response.headers.get("Content-Type") ?? "" };
  return new Response(response.body.pipeThrough(counted), { headers });
}
