// Makes ../plotly-swarm.min.js: plotly.js with the trace types that swarm.figures draws.
//   npm install && node build.cjs
// The versions in package.json are exact; plotly.js must be of the major that Python's
// plotly carries (plotly.offline.get_plotlyjs_version()), or typed arrays are not read.
const { copyFileSync, readFileSync } = require('node:fs');
const esbuild = require('esbuild');
const { environmentPlugin } = require('esbuild-plugin-environment');
const { glsl } = require('esbuild-plugin-glsl');
const InlineCSSPlugin = require('esbuild-plugin-inline-css');

// `scatter` is part of the core.
const traces = ['scatter3d', 'surface', 'contour', 'heatmap', 'bar', 'histogram'];
const { version } = JSON.parse(readFileSync(require.resolve('plotly.js/package.json'), 'utf8'));

esbuild
  .build({
    stdin: {
      contents: `const Plotly = require('plotly.js/lib/core');
        Plotly.register([${traces.map((name) => `require('plotly.js/lib/${name}')`)}]);
        module.exports = Plotly;`,
      resolveDir: __dirname,
      sourcefile: 'plotly-swarm.js',
    },
    outfile: '../plotly-swarm.min.js',
    banner: { js: `/* plotly.js ${version} (${traces.join(', ')}), MIT licence, see plotly-swarm.LICENSE.txt */` },
    format: 'iife',
    globalName: 'Plotly',
    bundle: true,
    minify: true,
    target: 'es2016',
    legalComments: 'eof',
    // The settings below are plotly.js's own, from its esbuild-config.js.
    plugins: [InlineCSSPlugin(), glsl({ minify: true }), environmentPlugin({ NODE_DEBUG: 'false' })],
    alias: { regl: '@plotly/regl', stream: 'stream-browserify' },
    define: { global: 'window', 'define.amd': 'false' },
  })
  .then(() => copyFileSync(require.resolve('plotly.js/LICENSE'), '../plotly-swarm.LICENSE.txt'))
  .catch(() => process.exit(1));
