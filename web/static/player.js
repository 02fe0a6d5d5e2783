// The player: a waveform where the recording is of a sensible size, speed, and which channel is heard.
// Without this script the browser's own controls play the recording all the same.
"use strict";

const PEAKS = 600;

function peaksOf(buffer, channel) {
  const samples = buffer.getChannelData(channel), step = Math.max(1, Math.floor(samples.length / PEAKS)), peaks = [];
  for (let from = 0; from < samples.length; from += step) {
    let most = 0;
    for (let at = from; at < Math.min(samples.length, from + step); at += 1) most = Math.max(most, Math.abs(samples[at]));
    peaks.push(most);
  }
  return peaks;
}

function draw(canvas, channels, played) {
  const scale = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect(), style = getComputedStyle(canvas);
  const width = (canvas.width = Math.round(box.width * scale)), height = (canvas.height = Math.round(box.height * scale));
  const context = canvas.getContext("2d"), band = height / channels.length;
  channels.forEach((peaks, row) => {
    const middle = band * (row + 0.5), loudest = Math.max(0.02, ...peaks), bar = width / peaks.length;
    peaks.forEach((peak, at) => {
      const tall = Math.max(scale, (peak / loudest) * band * 0.86);
      context.globalAlpha = at / peaks.length <= played ? 1 : 0.45;
      context.fillStyle = style.color;
      context.fillRect(at * bar, middle - tall / 2, Math.max(1, bar * 0.7), tall);
    });
  });
  context.globalAlpha = 1;
  context.fillStyle = style.getPropertyValue("--accent") || style.color;
  context.fillRect(Math.min(width - 2 * scale, played * width), 0, 2 * scale, height);
}

class Player {
  constructor(root) {
    this.root = root;
    this.media = root.querySelector("audio, video");
    this.canvas = root.querySelector("canvas");
    this.told = root.querySelector("[data-told]");
    this.channels = root.querySelectorAll("input[data-channel]");
    root.querySelector("[data-controls]").hidden = false;
    root.querySelector("select").addEventListener("change", (event) => { this.media.playbackRate = Number(event.target.value); });
    this.channels.forEach((choice) => choice.addEventListener("change", () => this.hear(choice.value)));
    if (this.canvas) {
      this.media.addEventListener("play", () => this.wave(), { once: true });
      this.media.addEventListener("timeupdate", () => this.show());
      this.canvas.addEventListener("click", (event) => this.seek(event.offsetX / this.canvas.clientWidth));
      window.addEventListener("resize", () => this.show());
      window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
    }
  }

  tell(words) { this.told.textContent = words; }

  async wave() {
    this.tell("Drawing the waveform…");
    try {
      const answer = await fetch(this.media.currentSrc || this.media.src, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const buffer = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(await answer.arrayBuffer());
      this.peaks = Array.from({ length: Math.min(2, buffer.numberOfChannels) }, (_, channel) => peaksOf(buffer, channel));
      this.length = buffer.duration;
      this.canvas.hidden = false;
      this.show();
      if (buffer.numberOfChannels === 1) {
        this.channels.forEach((choice) => { choice.disabled = choice.value !== "both"; });
        this.tell("This recording has one channel.");
      } else this.tell("Left channel above, right channel below.");
    } catch {
      this.tell("The waveform can’t be drawn here; playing is not affected.");
    }
  }

  show() {
    if (this.peaks) draw(this.canvas, this.peaks, this.length ? this.media.currentTime / this.length : 0);
  }

  seek(part) {
    if (this.length) this.media.currentTime = part * this.length;
  }

  hear(which) {
    if (!this.graph) {
      const context = new AudioContext(), source = context.createMediaElementSource(this.media);
      const splitter = context.createChannelSplitter(2), merger = context.createChannelMerger(1);
      source.connect(splitter);
      this.graph = { context, source, splitter, merger };
    }
    const { context, source, splitter, merger } = this.graph;
    context.resume();
    source.disconnect();
    splitter.disconnect();
    merger.disconnect();
    if (which === "both") {
      source.connect(context.destination);
      return;
    }
    // one channel, in both ears
    source.connect(splitter);
    splitter.connect(merger, which === "left" ? 0 : 1, 0);
    merger.connect(context.destination);
  }
}

document.querySelectorAll("[data-player]").forEach((root) => new Player(root));

// a line of a transcript that knows when it was said takes the player there
document.querySelectorAll("button[data-seek]").forEach((button) => {
  const media = document.querySelector("[data-player] audio, [data-player] video");
  if (!media) return;
  button.hidden = false;
  button.addEventListener("click", () => { media.currentTime = Math.max(0, Number(button.dataset.seek)); media.play(); });
});
