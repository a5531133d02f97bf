import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const ELSEWHERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Returns the browser for tests and pictures: STAGEGATE_CHROMIUM, else the first one found, else undefined. */
export function findChromium(environment = process.env) {
  const named = environment.STAGEGATE_CHROMIUM;
  if (named) return existsSync(named) ? named : undefined;
  const directories = (environment.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  const onPath = directories.flatMap((directory) => NAMES.map((name) => join(directory, name)));
  return [...onPath, ...ELSEWHERE].find((path) => existsSync(path));
}
