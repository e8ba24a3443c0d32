// Lighthouse's scores of six kinds of page, desktop and mobile, median of three runs.
//   node docs/_tools/lighthouse.mjs [folder of the site] [page …]
// Needs Node (for npx) and Chromium; serves the site itself, compressed, under a sub-path.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const VERSION = '13';
const RUNS = 3;
const PREFIX = '/swarmscape/';
const [site = 'build/html', ...chosen] = process.argv.slice(2);
const pages = chosen.length ? chosen : [
  'index.html',
  'auto_gallery/index.html',
  'auto_gallery/first_flights/distribution_of_weights.html',
  'auto_gallery/surfaces/two_weight_surface.html',
  'guide/getting_started.html',
  'api/core.html',
];
const least = { desktop: [100, 100, 100, 100], mobile: [99, 100, 100, 100] };
const types = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml',
  '.webp': 'image/webp', '.png': 'image/png', '.mp4': 'video/mp4', '.json': 'application/json' };

function stop(message) {
  console.error(message);
  process.exit(1);
}
if (!existsSync(join(site, 'index.html'))) stop(`there is no site in ${site}: run \`nox -s docs\` first`);
const chromium = ['chromium', 'chromium-browser', 'google-chrome'].map((name) => {
  try {
    return execFileSync('which', [name], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}).find(Boolean);
if (!chromium) stop('Lighthouse needs Chromium: install it, for example with `apt-get install chromium`');

const packed = new Map();
const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
  const file = join(site, normalize(path.startsWith(PREFIX) ? path.slice(PREFIX.length) : ' '));
  if (!existsSync(file) || !statSync(file).isFile()) {
    // As a host does: robots.txt is the business of a domain, not of a project's site.
    return response.writeHead(404).end();
  }
  const type = types[extname(file)] || 'application/octet-stream';
  const headers = { 'Content-Type': type.startsWith('text') ? `${type}; charset=utf-8` : type,
    'Cache-Control': 'max-age=31536000' };
  if (!/text|svg|json/.test(type)) return response.writeHead(200, headers).end(readFileSync(file));
  if (!packed.has(file)) packed.set(file, gzipSync(readFileSync(file)));
  response.writeHead(200, { ...headers, 'Content-Encoding': 'gzip' }).end(packed.get(file));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = `http://127.0.0.1:${server.address().port}${PREFIX}`;

const run = promisify(execFile);
async function scores(page, form) {
  const names = ['performance', 'accessibility', 'best-practices', 'seo'];
  const { stdout } = await run('npx', ['--yes', `lighthouse@${VERSION}`, address + page, '--output=json', '--quiet',
    `--only-categories=${names}`, ...(form === 'desktop' ? ['--preset=desktop'] : []),
    '--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage'],
  { env: { ...process.env, CHROME_PATH: chromium }, maxBuffer: 1 << 28, cwd: tmpdir() });
  const report = JSON.parse(stdout);
  const wrong = Object.values(report.audits)
    .filter((audit) => audit.score !== null && audit.score < 0.9 && audit.scoreDisplayMode !== 'informative')
    .map((audit) => `${audit.id}${audit.displayValue ? ` (${audit.displayValue})` : ''}`);
  return { scores: names.map((name) => Math.round(100 * report.categories[name].score)), wrong };
}
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

let isGood = true;
console.log('page'.padEnd(52), 'form'.padEnd(8), 'performance  accessibility  practices  SEO');
for (const page of pages) {
  for (const form of ['desktop', 'mobile']) {
    const runs = [];
    for (let i = 0; i < RUNS; i++) runs.push(await scores(page, form));
    const middle = runs[0].scores.map((_, i) => median(runs.map((r) => r.scores[i])));
    const passes = middle.every((score, i) => score >= least[form][i]);
    isGood &&= passes;
    console.log(page.padEnd(52), form.padEnd(8), middle.map((s) => String(s).padEnd(12)).join(' '), passes ? '' : '✗');
    if (!passes) console.log('   ', [...new Set(runs.flatMap((r) => r.wrong))].join(', '));
  }
}
server.close();
process.exit(isGood ? 0 : 1);
