// What the browser offers as a GPU: its name, and whether it is a program that imitates one on the CPU, which is
// slower than this page's own program for the CPU. Nothing if it offers none.
export async function adapter() {
  const found = await navigator.gpu?.requestAdapter().catch(() => null);
  if (!found) return null;
  const { vendor, architecture, device, description, isFallbackAdapter } = found.info;
  const words = [vendor, architecture, device, description].filter(Boolean).join(" ");
  const name = [vendor, architecture].filter(Boolean).join(" ") || "unnamed";
  return { name, imitates: isFallbackAdapter || /swiftshader|llvmpipe|basic render/i.test(words) };
}
