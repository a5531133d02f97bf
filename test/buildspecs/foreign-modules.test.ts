import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGitRepository, type GitRepository } from '../local/codebuild/git-repository.ts';
import { planFailureOf } from './build-runs.ts';
import { DIRECTORY as directory, ProgramRun } from './program-runs.ts';

/** Tests what Terraform itself does with modules from other places, until the build stops. */

const URL = 'https://git.example/modules.git';
const resource = 'resource "terraform_data" "one" {}\n';
const moduleFrom = (source: string, name = 'web') => `module "${name}" {\n  source = ${source}\n}\n`;
let run: ProgramRun;
let shared: GitRepository;
/** A directory on this machine, outside of every repository. */
let outside: string;

beforeEach(() => {
  shared = createGitRepository();
  outside = mkdtempSync(join(tmpdir(), 'stagegate-outside-'));
  writeFileSync(join(outside, 'main.tf'), resource);
  mkdirSync(join(outside, 'inner'));
  run = new ProgramRun({});
  const { init } = run.steps;
  run.steps.init = (step) => {
    execFileSync('terraform', ['init', '-backend=false', '-input=false'], {
      cwd: step.directory,
      stdio: 'pipe',
      env: {
        ...process.env,
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: `url.${shared.directory}.insteadOf`,
        GIT_CONFIG_VALUE_0: URL,
        CHECKPOINT_DISABLE: '1',
      },
    });
    return init?.(step) ?? {};
  };
});
afterEach(() => {
  run.remove();
  shared.remove();
  rmSync(outside, { recursive: true, force: true });
});

async function plan(source: string) {
  run.write({ [`${directory}/main.tf`]: moduleFrom(source) });
  const { result, log } = await run.plan();
  return { result, log, commands: run.commands };
}

async function expectRefused(source: string, message: string) {
  const { result, commands } = await plan(source);
  expect(commands).toEqual(['init']);
  expect(planFailureOf(result)).toMatchObject({ phase: 'modules', reason: 'module-source', message });
}

const LINK = 'is, or has in it, a link that leads out of the repository';

describe('a module from git', () => {
  it('is planned, with those that it has in its own repository', async () => {
    shared.commit({
      'web/main.tf': moduleFrom('"../inner"', 'inner'),
      'inner/main.tf': resource,
      'inner/same.tf': { link: '../web/variables.tf' },
      'web/variables.tf': '',
    });
    const { result, commands } = await plan(`"git::${URL}//web"`);
    expect(result).toMatchObject({ ok: true });
    expect(commands).toEqual(['init', 'plan', 'show']);
  });

  it('is refused where it names a directory of the machine', async () => {
    shared.commit({ 'main.tf': moduleFrom(`"${outside}"`, 'inner') });
    await expectRefused(
      `"git::${URL}"`,
      `the module "web.inner" from "file://${outside}" lies outside of the repository`,
    );
  });

  it('is refused where it names a repository of the machine', async () => {
    const other = createGitRepository();
    other.commit({ 'main.tf': resource });
    shared.commit({ 'main.tf': moduleFrom(`"git::${other.directory}"`, 'inner') });
    await expectRefused(
      `"git::${URL}"`,
      `the module "web.inner" from "git::file://${other.directory}" lies outside of the repository`,
    );
    other.remove();
  });

  it('is refused where its files are links to those of the machine', async () => {
    shared.commit({ 'main.tf': { link: join(outside, 'main.tf') } });
    await expectRefused(`"git::${URL}"`, `the module "web" from "git::${URL}" ${LINK}`);
  });
});

describe('a link to the machine deep in a module', () => {
  it('is left out of what is planned, with a line in the log', async () => {
    const deep = 'examples/deep/hosts';
    shared.commit({
      'main.tf': resource,
      [deep]: { link: '/etc/hosts' },
      'examples/deep/own': { link: '../../main.tf' },
    });
    const modules = join(run.base, 'tree', directory, '.terraform/modules/web');
    const links: boolean[] = [];
    const { plan: planStep } = run.steps;
    run.steps.plan = (step) => {
      const isThere = (name: string) => lstatSync(join(modules, name), { throwIfNoEntry: false }) !== undefined;
      links.push(isThere(deep), isThere('examples/deep/own'));
      return planStep?.(step) ?? {};
    };
    const { result, log } = await plan(`"git::${URL}"`);
    expect(result).toMatchObject({ ok: true });
    expect(links).toEqual([false, true]);
    expect(log).toContain(`"${directory}/.terraform/modules/web/${deep}" is left out: it leads out of the repository`);
  });
});

describe('a source that has to be evaluated', () => {
  it('is refused where it turns out to be a directory of the machine', async () => {
    await expectRefused(`("${outside}")`, `the module "web" from "file://${outside}" lies outside of the repository`);
  });

  it('is refused where it turns out to lead out of the repository', async () => {
    mkdirSync(join(run.base, '..', 'elsewhere'), { recursive: true });
    run.write({ 'modules/web/main.tf': moduleFrom('("../../../../elsewhere")', 'inner') });
    await expectRefused(
      '"../../../modules/web"',
      'the module "web.inner" from "../../../../elsewhere" lies outside of the repository',
    );
  });
});
