import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAssetDirectory } from '../../../local/services/codebuild/asset-directory.ts';

let directory: string;
let asset: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stagegate-assets-'));
  asset = join(directory, 'asset.1');
  mkdirSync(join(asset, 'scripts'), { recursive: true });
  writeFileSync(join(asset, 'scripts', 'plan.mjs'), 'first');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('the directory of an asset', () => {
  it('is one for all builds, whose files nobody writes to by mistake', async () => {
    const assets = createAssetDirectory(join(directory, 'laid-out'));
    const [first = '', second] = await Promise.all([assets.layOut(asset), assets.layOut(asset)]);
    const file = join(first, 'scripts', 'plan.mjs');
    expect([second, first === asset]).toEqual([first, false]);
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o222]).toEqual(['first', 0]);
  });

  it('is laid out again by the next local cloud, whatever the last one left', async () => {
    const left = await createAssetDirectory(join(directory, 'laid-out')).layOut(asset);
    chmodSync(join(left, 'scripts', 'plan.mjs'), 0o600);
    writeFileSync(join(left, 'scripts', 'plan.mjs'), 'half a fi');
    const next = await createAssetDirectory(join(directory, 'laid-out')).layOut(asset);
    expect([next, readFileSync(join(next, 'scripts', 'plan.mjs'), 'utf8')]).toEqual([left, 'first']);
  });

  it('is tried again after it could not be laid out', async () => {
    const assets = createAssetDirectory(join(directory, 'laid-out'));
    const missing = join(directory, 'asset.2');
    expect(await assets.layOut(missing).catch(String)).toContain('ENOENT');
    mkdirSync(missing);
    expect(await assets.layOut(missing)).toContain('asset.2');
  });
});
