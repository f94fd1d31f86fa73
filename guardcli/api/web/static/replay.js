// The player of a session's page: asciinema's terminal, our own transport below it, a new window of the recording
// wherever a jump leads. Nothing here reads recorded text: it goes from the answer into the terminal.
"use strict";
(() => {
  const holder = document.getElementById("player");
  const base = `/sessions/${encodeURIComponent(holder.dataset.session)}`;
  const common = { controls: false, fit: "both", preload: true };

  if (holder.dataset.live) {
    AsciinemaPlayer.create({ driver: "eventsource", url: `${base}/live` }, holder, { ...common, autoPlay: true });
    return;
  }

  const length = Number(holder.dataset.length);
  const by = (id) => document.getElementById(id);
  const position = by("position"), play = by("play"), speed = by("speed"), idle = by("idle"), moment = by("moment");
  let player = null, begin = 0, playing = true, ended = false;

  const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  const show = (at) => {
    position.value = String(at);
    moment.textContent = `${minutes(at)} / ${minutes(length)}`;
    position.setAttribute("aria-valuetext", moment.textContent);
  };

  const load = (at) => {
    begin = Math.min(Math.max(0, at), length);
    ended = false;
    if (player) player.dispose();
    const options = { ...common, autoPlay: playing, speed: Number(speed.value) };
    if (idle.checked) options.idleTimeLimit = 1;
    if (!playing) options.poster = "npt:0.001";
    player = AsciinemaPlayer.create({ url: `${base}/cast?at=${begin}` }, holder, options);
    player.addEventListener("ended", async () => {
      const there = begin + (await player.getDuration() || 0);
      if (playing && !idle.checked && there < length - 0.5 && there > begin) load(there);
      else { ended = true; playing = false; play.textContent = "Play"; show(length); }
    });
    show(begin);
  };

  const here = async () => begin + (await player.getCurrentTime() || 0);

  // After the end a jump goes on playing, as players do; while paused it shows the screen of that moment.
  const jump = (at) => {
    if (ended) {
      playing = true;
      play.textContent = "Pause";
    }
    load(at);
  };

  play.addEventListener("click", async () => {
    playing = !playing;
    play.textContent = playing ? "Pause" : "Play";
    if (playing && ended) load(0);
    else if (playing) player.play();
    else player.pause();
  });
  by("back").addEventListener("click", async () => jump((await here()) - 5));
  by("ahead").addEventListener("click", async () => jump((await here()) + 5));
  position.addEventListener("change", () => jump(Number(position.value)));
  speed.addEventListener("change", async () => load(await here()));
  idle.addEventListener("change", async () => load(await here()));
  for (const mark of document.querySelectorAll(".mark"))
    mark.addEventListener("click", () => jump(Number(mark.dataset.at)));
  setInterval(async () => { if (player && playing && document.activeElement !== position) show(await here()); }, 250);
  load(Number(holder.dataset.start));
})();
