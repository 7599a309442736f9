// Makes checking a mark quicker where the browser can: the camera live, and photographs made smaller before they travel. Without
// this script the form does the same.

/** Longest side of a photograph that is sent: a code is read as well from it as from a larger one. */
const SIDE = 2_400;
/** Smaller files travel as they are. */
const SMALL = 600 << 10;
/** Milliseconds between two looks of the camera. */
const PAUSE = 180;

const [form, state, camera, finder, video, start, stop] = "picture state camera finder video start stop"
  .split(" ")
  .map((id) => document.getElementById(id));

/** The same picture, smaller; the file itself where the browser cannot read it or it is small. */
async function smaller(file) {
  if (file.size <= SMALL) return file;
  try {
    const picture = await createImageBitmap(file);
    const factor = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * factor)));
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.drawImage(picture, 0, 0, width, height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
    return blob && blob.size < file.size ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}

async function send(input) {
  if (!input.files.length) return;
  state.textContent = state.dataset.reading;
  const files = new DataTransfer();
  files.items.add(await smaller(input.files[0]));
  // The other input is left out, so that one picture travels.
  form.querySelectorAll('input[type="file"]').forEach((other) => {
    other.disabled = other !== input;
  });
  input.files = files.files;
  form.submit();
}

form.addEventListener("change", (event) => send(event.target));
// Back from the answer: the form as it was.
addEventListener("pageshow", () => {
  form.reset();
  state.textContent = "";
  form.querySelectorAll("input").forEach((input) => {
    input.disabled = false;
  });
});

let stream;

function end() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = undefined;
  finder.hidden = true;
  start.hidden = false;
  state.textContent = "";
}

async function look(detector) {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    state.textContent = state.dataset.refused;
    return;
  }
  video.srcObject = stream;
  start.hidden = true;
  finder.hidden = false;
  state.textContent = state.dataset.looking;
  stop.focus();
  await video.play();
  while (stream) {
    const codes = await detector.detect(video).catch(() => []);
    if (stream && codes.length) {
      const query = new URLSearchParams(codes.map((code) => ["code", code.rawValue]));
      const { searchParams } = new URL(form.action);
      searchParams.forEach((value, name) => query.set(name, value));
      end();
      location.assign(`/scan?${query}`);
      return;
    }
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

async function offerCamera() {
  if (!navigator.mediaDevices?.getUserMedia || !globalThis.BarcodeDetector) return;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  camera.hidden = false;
  start.addEventListener("click", () => look(detector));
  stop.addEventListener("click", () => {
    end();
    start.focus();
  });
}

offerCamera();

// Opened as an installed app: then this device is to work without a network, too.
if (matchMedia("(display-mode: minimal-ui), (display-mode: standalone)").matches) {
  const { keepUnlessRemoved } = await import(form.dataset.device);
  keepUnlessRemoved().catch(() => {});
}
