// The filter of the gallery's index, and the run times on its pages.
(() => {
  'use strict';
  const filter = document.querySelector('.sw-filter');
  if (filter) {
    const cards = [...document.querySelectorAll('.sw-card')];
    const buttons = [...filter.querySelectorAll('button')];
    const output = filter.querySelector('output');
    const apply = () => {
      const wanted = buttons.filter((b) => b.getAttribute('aria-pressed') === 'true').map((b) => b.dataset.word);
      let shown = 0;
      for (const card of cards) {
        const words = JSON.parse(card.dataset.words);
        card.hidden = !wanted.every((word) => words.includes(word));
        shown += !card.hidden;
      }
      // A section without a card left goes with its heading.
      for (const box of document.querySelectorAll('.sw-cards')) {
        const section = box.closest('section');
        if (section && !section.querySelector('.sw-filter')) section.hidden = !box.querySelector('.sw-card:not([hidden])');
      }
      output.textContent = wanted.length ? `${shown} of ${cards.length} pages` : '';
      const query = wanted.length ? `?show=${wanted.map(encodeURIComponent).join(',')}` : location.pathname;
      history.replaceState(null, '', query);
    };
    const asked = (new URLSearchParams(location.search).get('show') || '').split(',');
    for (const button of buttons) {
      button.setAttribute('aria-pressed', String(asked.includes(button.dataset.word)));
      button.addEventListener('click', () => {
        button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
        apply();
      });
    }
    filter.classList.add('sw-ready');
    if (buttons.some((b) => b.getAttribute('aria-pressed') === 'true')) apply();
  }

  // Lay a movie so that its plot covers the still, which shows that part of it alone.
  const cut = (film, still) => {
    const [left, top, across, down, shape] = still.dataset.panel.split(' ').map(Number);
    const { paddingLeft, paddingTop } = getComputedStyle(still.querySelector('img'));
    const room = [still.clientWidth - 2 * parseFloat(paddingLeft), still.clientHeight - 2 * parseFloat(paddingTop)];
    const width = Math.min(room[0] / across, room[1] * shape / down); // of the whole movie
    const height = width / shape;
    Object.assign(film.style, {
      inset: 'auto', padding: 0, maxWidth: 'none', objectFit: 'fill', width: `${width}px`, height: `${height}px`,
      left: `${(still.clientWidth - across * width) / 2 - left * width}px`,
      top: `${(still.clientHeight - down * height) / 2 - top * height}px`,
      clipPath: `inset(${100 * top}% ${100 * (1 - left - across)}% ${100 * (1 - top - down)}% ${100 * left}%)`,
    });
  };

  // A card's movie runs while a reader points at it, unless motion is unwelcome.
  for (const still of document.querySelectorAll('.sw-card-still[data-light]')) {
    const card = still.closest('.sw-card');
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    let film = null;
    const start = () => {
      if (film || calm.matches) return;
      const dark = still.querySelector('.sw-dark');
      const isDark = dark && getComputedStyle(dark).display !== 'none';
      film = Object.assign(document.createElement('video'), { muted: true, loop: true, playsInline: true });
      film.setAttribute('aria-hidden', 'true');
      film.tabIndex = -1;
      film.src = (isDark && still.dataset.dark) || still.dataset.light;
      if (still.dataset.panel) cut(film, still);
      still.append(film);
      film.play().catch(() => {});
    };
    const stop = () => {
      if (!film || card.matches(':hover, :focus-within')) return;
      film.remove();
      film = null;
    };
    card.addEventListener('pointerenter', start);
    card.addEventListener('focusin', start);
    card.addEventListener('pointerleave', stop);
    card.addEventListener('focusout', () => setTimeout(stop));
  }

  const cell = document.querySelector('[data-run-time]');
  if (cell) {
    window.swarmRunTimes = (times) => {
      const seconds = times[cell.dataset.runTime];
      if (seconds === undefined) return;
      const words = seconds < 90 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.round(seconds / 60)} min`;
      cell.textContent = `${words}, when the page was built`;
    };
    const script = document.createElement('script');
    script.src = document.currentScript.src.replace(/[^/]*$/, 'run-times.js');
    document.head.append(script);
  }
})();
