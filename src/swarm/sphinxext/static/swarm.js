// Movies and plotly figures of swarm.sphinxext. The page works without this script.
(() => {
  'use strict';
  const here = document.currentScript.src.replace(/[^/]*$/, '');
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const touch = matchMedia('(hover: none)');
  const prefersDark = matchMedia('(prefers-color-scheme: dark)');

  const figures = document.querySelectorAll('.sw-figure, .sw-player');
  const saidTheme = () => document.body.dataset.theme || document.documentElement.dataset.theme;
  const neverDark = document.querySelector('.sw-on-light'); // the theme has no dark pages

  /** Whether the page's ground is dark: where nothing is painted, paper is white. */
  const groundIsDark = () => {
    for (let box = figures[0]?.parentElement; box; box = box.parentElement) {
      const [r, g, b, a = 1] = getComputedStyle(box).backgroundColor.match(/[\d.]+/g).map(Number);
      if (a > 0.5) return 0.299 * r + 0.587 * g + 0.114 * b < 128;
    }
    return false;
  };
  const isDark = () => {
    if (neverDark) return false;
    const theme = saidTheme();
    if (theme === 'light' || theme === 'dark') return theme === 'dark';
    return saidTheme() ? prefersDark.matches : groundIsDark();
  };
  // A theme that does not say whether it is dark, as Furo's and PyData's do: its ground tells.
  const followGround = () => {
    if (neverDark || saidTheme() || !figures.length) return;
    const dark = groundIsDark();
    for (const figure of figures) {
      figure.classList.toggle('sw-on-light', !dark);
      figure.classList.toggle('sw-on-dark', dark);
    }
  };
  followGround();
  const onTheme = (react) => {
    const watch = new MutationObserver(react);
    for (const node of [document.body, document.documentElement]) {
      watch.observe(node, { attributes: true, attributeFilter: ['data-theme', 'class'] });
    }
    prefersDark.addEventListener('change', react);
  };
  onTheme(followGround);
  const isShown = (element) => element.offsetParent !== null;
  const load = (() => {
    const loading = {};
    return (src) =>
      (loading[src] ||= new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = src;
        script.onload = resolve;
        script.onerror = () => {
          delete loading[src];
          script.remove();
          reject(new Error('could not be loaded'));
        };
        document.head.append(script);
      }));
  })();

  // --- movies: play while in view, step by frames, change speed

  function movie(figure) {
    const videos = [...figure.querySelectorAll('video')];
    const fps = Number(figure.dataset.fps);
    const frames = Number(figure.dataset.frames);
    const find = (selector) => figure.querySelector(selector);
    const [playButton, speedButton, slider, output] = ['[data-play]', '[data-speed]', 'input', 'output'].map(find);
    const speeds = [1, 2, 0.25, 0.5];
    let byHand = false; // the reader has taken over: play and pause no more by ourselves
    const current = () => videos.find(isShown) || videos[0];
    const frameOf = (video) => Math.min(frames - 1, Math.floor(video.currentTime * fps + 1e-3));

    const say = () => {
      const at = frameOf(current()) + 1;
      output.textContent = `${at} / ${frames}`;
      slider.value = at;
    };
    const showState = () => {
      const isPaused = current().paused;
      playButton.textContent = isPaused ? '▶' : '❙❙';
      playButton.setAttribute('aria-label', isPaused ? 'Play' : 'Pause');
    };
    const play = () => current().play().catch(() => {});
    const pause = () => videos.forEach((video) => video.pause());
    const toggle = () => {
      byHand = true;
      if (current().paused) play();
      else pause();
    };
    const seek = (frame) => {
      const video = current();
      byHand = true;
      pause();
      const go = () => {
        video.currentTime = ((((frame ?? 0) % frames) + frames) % frames + 0.5) / fps;
      };
      if (video.readyState > 0) return go();
      video.addEventListener('loadedmetadata', go, { once: true });
      video.preload = 'auto';
      video.load();
    };
    const setSpeed = (rate) => {
      videos.forEach((video) => {
        video.defaultPlaybackRate = video.playbackRate = rate;
      });
      speedButton.textContent = `${rate}×`;
      speedButton.setAttribute('aria-label', `Speed: ${rate} times`);
    };

    for (const video of videos) {
      video.controls = false; // the bar below has them all, and hides nothing of the picture
      video.addEventListener('click', toggle);
      for (const event of ['timeupdate', 'seeked']) video.addEventListener(event, say);
      for (const event of ['play', 'pause']) video.addEventListener(event, showState);
    }
    playButton.addEventListener('click', toggle);
    figure.querySelectorAll('[data-step]').forEach((button) => {
      button.addEventListener('click', () => seek(frameOf(current()) + Number(button.dataset.step)));
    });
    slider.addEventListener('input', () => seek(slider.value - 1));
    speedButton.addEventListener('click', () => {
      setSpeed(speeds[(speeds.indexOf(current().playbackRate) + 1) % speeds.length]);
    });
    find('[data-full]').addEventListener('click', () => {
      const video = current();
      video.controls = true;
      video.requestFullscreen?.().catch(() => {});
      video.addEventListener('fullscreenchange', () => {
        video.controls = document.fullscreenElement === video;
      });
    });
    figure.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.target === slider) return;
      if (event.key === 'ArrowLeft') seek(frameOf(current()) - 1);
      else if (event.key === 'ArrowRight') seek(frameOf(current()) + 1);
      else if (event.key === ' ' && !event.target.closest('button, a')) toggle();
      else return;
      event.preventDefault();
    });
    const screen = find('.sw-screen');
    screen.tabIndex = 0;
    screen.setAttribute('role', 'group');
    screen.setAttribute('aria-label', 'Movie: space plays, arrow keys step');
    figure.classList.add('sw-ready');

    let isInView = false;
    const follow = () => {
      if (byHand || still.matches) return;
      if (isInView) play();
      else pause();
    };
    new IntersectionObserver(
      ([entry]) => {
        isInView = entry.intersectionRatio >= 0.5;
        // Not while the page is still loading: the poster is what is seen first.
        if (document.readyState === 'complete') follow();
        else addEventListener('load', () => setTimeout(follow, 1000), { once: true });
      },
      { threshold: [0, 0.5] }
    ).observe(screen);
    onTheme(() => {
      const shown = current();
      const wasPlaying = videos.find((video) => video !== shown && !video.paused);
      const at = Math.max(...videos.map((video) => video.currentTime));
      pause();
      if (at > 0) shown.currentTime = at;
      if (wasPlaying) play();
    });
  }

  // --- plotly figures: a poster first, the figure on demand or when scrolled near

  const data = {}; // digest of a figure → its fields
  window.swarmFigure = (name, fields) => {
    data[name] = fields;
  };
  // A server may forbid styles within a page, and plotly puts its own there: they go into sheets
  // that belong to the document instead.
  const adoptStyles = () => {
    if (document.head.appendChild !== Node.prototype.appendChild || !document.adoptedStyleSheets) return;
    document.head.appendChild = function appendChild(node) {
      // Those of its maps, which it brings along, are named by a digest.
      const isPlotlys = node instanceof HTMLStyleElement && /^(plotly\.js-style-|[0-9a-f]{64}$)/.test(node.id);
      if (!isPlotlys) return Node.prototype.appendChild.call(this, node);
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(node.textContent);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      const place = Object.assign(document.createElement('template'), { id: node.id }); // to be found by
      for (const element of [place, node]) Object.defineProperty(element, 'sheet', { value: sheet });
      Node.prototype.appendChild.call(this, place);
      return node;
    };
    const { setAttribute } = Element.prototype; // the same for its style attributes
    Element.prototype.setAttribute = function set(name, value) {
      if (name === 'style' && this.style) this.style.cssText = value;
      else setAttribute.call(this, name, value);
    };
  };
  const LIVE = 4; // a browser holds some eight WebGL contexts
  const live = []; // mounted figures, the one looked at last at the end
  let canDraw;
  const hasWebGL = () => {
    if (canDraw === undefined) {
      const context = document.createElement('canvas').getContext('webgl');
      canDraw = Boolean(context);
      context?.getExtension('WEBGL_lose_context')?.loseContext();
    }
    return canDraw;
  };

  const inks = () =>
    isDark()
      ? { text: '#cfd0d0', line: '#5b5f66', grid: '#33363d', ground: '#131416', face: '#1f2126' }
      : { text: '#3b3f46', line: '#a2a7b0', grid: '#e2e4e9', ground: '#ffffff', face: '#f3f4f6' };

  const isScene = (name) => /^scene\d*$/.test(name);
  const spatialAxes = (layout) =>
    Object.keys(layout).filter(isScene).flatMap((name) => [...'xyz'].map((letter) => (layout[name][`${letter}axis`] ??= {})));

  const FLAT = /^(scatter(gl)?|bar|box|candlestick|contour|funnel|heatmap|histogram(2d(contour)?)?|image|ohlc|violin|waterfall)$/;

  /** Let a layout have an entry for each axis that its traces use. */
  function nameAxes({ data: traces, layout }) {
    for (const trace of traces) {
      const type = trace.type || 'scatter';
      if (type.endsWith('polar')) layout[trace.subplot || 'polar'] ||= {};
      if (!FLAT.test(type)) continue;
      for (const letter of 'xy') layout[(trace[`${letter}axis`] || letter).replace(letter, `${letter}axis`)] ||= {};
    }
  }

  /** Layout changes that give a figure the page's colours. */
  function colours(layout) {
    const ink = inks();
    const axis = (prefix) => ({
      [`${prefix}.color`]: ink.text,
      [`${prefix}.gridcolor`]: ink.grid,
      [`${prefix}.linecolor`]: ink.line,
      [`${prefix}.zerolinecolor`]: ink.line,
    });
    const change = {
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      'font.color': ink.text,
      'hoverlabel.bgcolor': ink.face,
      'hoverlabel.font.color': ink.text,
      'legend.bgcolor': 'rgba(0,0,0,0)',
    };
    for (const name of Object.keys(layout)) {
      if (/^[xy]axis\d*$/.test(name)) Object.assign(change, axis(name));
      if (/^polar\d*$/.test(name)) {
        Object.assign(change, axis(`${name}.radialaxis`), axis(`${name}.angularaxis`));
        change[`${name}.bgcolor`] = 'rgba(0,0,0,0)';
      }
      if (isScene(name)) {
        for (const letter of 'xyz') {
          Object.assign(change, axis(`${name}.${letter}axis`));
          change[`${name}.${letter}axis.backgroundcolor`] = 'rgba(0,0,0,0)';
        }
      }
    }
    for (const kind of ['sliders', 'updatemenus']) {
      (layout[kind] || []).forEach((item, i) => {
        change[`${kind}[${i}].bgcolor`] = ink.face;
        change[`${kind}[${i}].bordercolor`] = ink.line;
        change[`${kind}[${i}].${kind === 'sliders' ? 'currentvalue.' : ''}font.color`] = ink.text;
      });
    }
    return change;
  }

  /** Set `layout.a.b[0].c` for each `'a.b[0].c'`: what Plotly.relayout does, before drawing. */
  function assign(layout, change) {
    for (const [path, value] of Object.entries(change)) {
      const keys = path.replace(/\[(\d+)\]/g, '.$1').split('.');
      const last = keys.pop();
      const inner = keys.reduce((at, key) => (at[key] ??= {}), layout);
      inner[last] = value;
    }
  }

  /** How much smaller than it was made the figure is shown, on a telephone or beside another. */
  const scaleOf = (stage) => Math.min(1, Math.max(0.55, stage.clientWidth / Number(stage.dataset.width)));

  const PIXELS = new Set(['size', 'width', 'thickness', 'ticklen', 'standoff', 'pad', 'l', 'r', 't', 'b']);
  /** Scale every length in pixels within a figure's fields: lines, markers, margins; text by less. */
  function scaleLengths(fields, by) {
    if ('start' in fields && 'end' in fields) return; // steps of contours or bins: `size` is data
    for (const [name, value] of Object.entries(fields)) {
      if (typeof value === 'number') {
        if (PIXELS.has(name)) fields[name] = Math.max(value * by, Math.min(value, 1));
      } else if (value && typeof value === 'object' && typeof value[0] !== 'number') {
        scaleLengths(value, name.endsWith('font') ? by ** 0.6 : by);
      }
    }
  }

  /** Let a figure that was made for the width of a page be read where there is less. */
  function shrink(fields, by) {
    const { layout } = fields;
    for (const axis of spatialAxes(layout)) {
      const size = axis.title?.font?.size ?? layout.font.size;
      assign(axis, { 'title.font.size': size, 'tickfont.size': 1.25 * size });
    }
    for (const part of [layout, ...fields.data, ...(fields.frames || [])]) scaleLengths(part, by);
    // Where room is scarce the upright axis says what a surface's colours mean.
    if (by < 0.7) for (const trace of fields.data) if (trace.type === 'surface') trace.showscale = false;
    for (const name of Object.keys(layout).filter(isScene)) {
      const eye = ((layout[name].camera ??= {}).eye ??= { x: 1.25, y: 1.25, z: 1.25 });
      for (const letter in eye) eye[letter] *= 1 + 0.4 * (1 - by); // room for text, which shrinks less
      // The name of the upright axis is at its left, where nothing balances it: look a little to the left.
      const aside = 0.25 * (1 - by) / Math.hypot(eye.x, eye.y);
      const center = (layout[name].camera.center ??= { x: 0, y: 0, z: 0 });
      Object.assign(center, { x: center.x + aside * eye.y, y: center.y - aside * eye.x });
    }
  }

  function plotly(figure) {
    const stage = figure.querySelector('.sw-stage');
    const button = figure.querySelector('.sw-mount');
    const words = figure.querySelector('.sw-say');
    const spatial = button.textContent.includes('3D');
    let plot = null;
    let camera = null;
    let busy = null;
    let scale = 1;
    const steps = figure.querySelector('.sw-bar') && stepper();

    const spaces = () => Object.keys(plot._fullLayout).filter(isScene);
    const unmount = () => {
      if (!plot) return;
      camera = Object.fromEntries(spaces().map((s) => [`${s}.camera`, plot._fullLayout[s].camera]));
      window.Plotly.purge(plot);
      plot.remove();
      plot = null;
      figure.classList.remove('sw-live');
      live.splice(live.indexOf(self), 1);
    };
    const self = { unmount, figure };

    async function mount() {
      if (plot || busy) return busy;
      words.textContent = 'Loading the figure …';
      busy = (async () => {
        try {
          if (spatial && !hasWebGL()) {
            throw new Error('This browser cannot draw in 3D (WebGL is missing), so the figure stays a picture.');
          }
          const name = figure.dataset.figure;
          adoptStyles();
          await Promise.all([
            window.Plotly || load(here + figure.dataset.bundle),
            data[name] || load(figure.dataset.src),
          ]);
          await draw(structuredClone(data[name]));
          words.textContent = '';
        } catch (error) {
          words.textContent = error.message.startsWith('This browser')
            ? error.message
            : `The interactive figure ${error.message}; the picture stays.`;
        } finally {
          busy = null;
        }
      })();
      return busy;
    }

    async function draw(fields) {
      const target = document.createElement('div');
      target.className = 'sw-plot';
      target.tabIndex = 0;
      target.setAttribute('role', 'group');
      target.setAttribute('aria-label', `${figure.getAttribute('aria-label')}, interactive${spatial ? '; arrow keys turn it, plus and minus zoom' : ''}`);
      stage.append(target);
      const layout = fields.layout;
      Object.assign(layout, { autosize: true, width: undefined, height: undefined });
      layout.font = { size: 12, ...layout.font };
      nameAxes(fields); // so that they take the page's colours
      if (spatial) layout.scene ||= {};
      const top = layout.title ? 44 : 12; // plotly's own margins leave a telephone no room
      layout.margin ??= spatial ? { l: 0, r: 0, t: top, b: 0 } : { l: 52, r: 16, t: top, b: 44 };
      steps?.takeOver(fields);
      scale = scaleOf(stage);
      if (scale < 0.95) {
        shrink(fields, scale);
        assign(layout, { 'legend.itemsizing': 'constant', 'legend.font.size': 11, 'legend.title.font.size': 11 });
      }
      assign(layout, colours(layout));
      assign(layout, camera || {});
      while (live.length >= LIVE) live[0].unmount();
      await window.Plotly.newPlot(target, {
        data: fields.data,
        layout,
        frames: fields.frames,
        config: { responsive: true, displaylogo: false, displayModeBar: scale < 0.7 || touch.matches ? false : 'hover', scrollZoom: false,
          modeBarButtonsToRemove: ['sendDataToCloud', 'resetCameraLastSave3d'] },
      });
      plot = target;
      live.push(self);
      figure.classList.add('sw-live');
      await steps?.show();
      target.addEventListener('keydown', turn);
      target.addEventListener('pointerdown', () => live.push(...live.splice(live.indexOf(self), 1)));
    }

    /** The bar below a figure with frames: it takes the place of the figure's own slider. */
    function stepper() {
      const bar = figure.querySelector('.sw-bar');
      const [playButton, slider, output] = ['[data-play]', 'input', 'output'].map((part) => bar.querySelector(part));
      const last = Number(slider.max);
      const words = { prefix: '', labels: null };
      let playing = false;
      const at = () => Number(slider.value);
      const say = () => {
        const label = words.labels?.[at()];
        if (label === undefined) return;
        output.textContent = `${words.prefix}${label} / ${words.labels[last]}`;
        slider.setAttribute('aria-valuetext', `${words.prefix}${label} of ${words.labels[last]}`);
      };
      const show = () => {
        say();
        const name = words.names?.[at()];
        return plot && window.Plotly.animate(plot, [name], { mode: 'immediate', frame: { duration: 0, redraw: true }, transition: { duration: 0 } });
      };
      const set = (state) => {
        playing = state;
        playButton.textContent = state ? '❙❙' : '▶';
        playButton.setAttribute('aria-label', state ? 'Pause' : 'Play');
      };
      async function play() {
        if (playing) return set(false);
        set(true);
        await mount();
        if (at() === last) slider.value = 0;
        while (playing && plot) {
          const pause = new Promise((go) => setTimeout(go, 90)); // as long as a step of the figure's own
          await Promise.all([show(), pause]);
          if (at() === last) break;
          if (playing) slider.value = at() + 1;
        }
        set(false);
      }
      playButton.addEventListener('click', play);
      slider.addEventListener('input', async () => {
        set(false);
        await mount();
        show();
      });
      return {
        show,
        takeOver({ layout, frames }) {
          const [own] = layout.sliders;
          words.prefix = own.currentvalue?.prefix ?? '';
          words.labels = own.steps.map((step) => step.label);
          words.names = own.steps.map((step, number) => step.args?.[0]?.[0] ?? frames[number].name);
          delete layout.sliders;
          delete layout.updatemenus;
          const solid = Object.keys(layout).some(isScene);
          if (layout.margin) layout.margin.b = solid ? 8 : 48; // it had made room for them
        },
      };
    }

    function turn(event) {
      if (!spatial || event.target !== plot) return;
      const moves = { ArrowLeft: [-0.15, 0, 1], ArrowRight: [0.15, 0, 1], ArrowUp: [0, 0.12, 1],
        ArrowDown: [0, -0.12, 1], '+': [0, 0, 0.9], '=': [0, 0, 0.9], '-': [0, 0, 1.1] };
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      const change = {};
      for (const scene of spaces()) {
        const { x, y, z } = plot._fullLayout[scene].camera.eye;
        const far = Math.hypot(x, y, z) * move[2];
        const around = Math.atan2(y, x) + move[0];
        const up = Math.min(1.5, Math.max(-1.5, Math.asin(z / Math.hypot(x, y, z)) + move[1]));
        change[`${scene}.camera.eye`] = {
          x: far * Math.cos(up) * Math.cos(around),
          y: far * Math.cos(up) * Math.sin(around),
          z: far * Math.sin(up),
        };
      }
      window.Plotly.relayout(plot, change);
    }

    button.addEventListener('click', async () => {
      await mount();
      plot?.focus({ preventScroll: true });
    });
    figure.swarmMount = mount;
    figure.classList.add('sw-ready');

    // Only what lies below the first screen mounts by itself, once the reader scrolls: loading
    // the bundle while the page comes up would make every page slow.
    // One that has no still is drawn as soon as it is seen.
    if (stage.querySelector('.sw-noposter')) {
      new IntersectionObserver(([e]) => e.isIntersecting && mount(), { rootMargin: '100px' }).observe(stage);
    }
    const isBelow = stage.getBoundingClientRect().top > innerHeight;
    let scrolled = false;
    if (isBelow) {
      const near = new IntersectionObserver(([e]) => scrolled && e.isIntersecting && mount(), { rootMargin: '300px' });
      addEventListener('scroll', () => { scrolled = true; near.observe(stage); }, { once: true, passive: true });
    }
    new IntersectionObserver(([e]) => e.isIntersecting || unmount(), { rootMargin: '200%' }).observe(stage);
    onTheme(() => plot && window.Plotly.relayout(plot, colours(plot.layout)));
    new ResizeObserver(() => {
      if (!plot) return;
      if (Math.abs(scaleOf(stage) - scale) < 0.1) return window.Plotly.Plots.resize(plot);
      unmount(); // a telephone was turned: draw it anew for its width
      mount();
    }).observe(stage);
    addEventListener('beforeprint', unmount);
  }

  // Paper wants all pictures, also those not yet scrolled to, in their light version: they are
  // fetched once the page stands, and at the latest when it is printed.
  const pictures = () => document.querySelectorAll('img.sw-light[loading="lazy"]')
    .forEach((picture) => { picture.loading = 'eager'; });
  const whenIdle = window.requestIdleCallback || ((call) => setTimeout(call, 2000));
  if (!navigator.connection?.saveData) {
    if (document.readyState === 'complete') whenIdle(pictures);
    else addEventListener('load', () => whenIdle(pictures), { once: true });
  }
  addEventListener('beforeprint', pictures);

  document.querySelectorAll('figure.sw-movie').forEach(movie);
  document.querySelectorAll('figure.sw-plotly').forEach(plotly);
})();
