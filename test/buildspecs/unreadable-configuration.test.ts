import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runEngineBinary } from '../../buildspecs/program/engine/engine.ts';
import { planFailureOf } from './build-runs.ts';
import { DIRECTORY as directory, ProgramRun } from './program-runs.ts';

let run: ProgramRun;
beforeEach(() => {
  run = new ProgramRun({});
});
afterEach(() => run.remove());

const resource = 'resource "terraform_data" "one" {}\n';

describe('a file of a configuration that cannot be read', () => {
  /** Our parser does not see this. It would run a command at anything that the engine does, except formatting. */
  const COMMAND =
    'terraform {\n  encryption {\n    key_provider "external" "mine" {\n      command = ["sh"]\n    }\n  }\n}\n';

  const refusalOf = async (file: string, text: string, engine: string) => {
    // Objects of a run are written once, so each plan here must be the first of its run.
    run.artifacts.objects.clear();
    run.write({ [`${directory}/${file}`]: text });
    const { phase, message } = planFailureOf((await run.plan({ STAGEGATE_ENGINE: engine })).result);
    return { phase, message };
  };
  const NOT_READ = 'what it has not looked through is not planned; write it another way';

  it('is explained by the engine, which formats its text and does nothing else', async () => {
    const text = `${resource}\nterraform {\n  backend "s3" {\n`;
    run.steps.fmt = (step) =>
      runEngineBinary('terraform', {
        ...step,
        environment: { ...step.environment, PATH: process.env.PATH ?? '' },
      });
    expect(await refusalOf('main.tf', text, 'terraform')).toEqual({
      phase: 'init',
      message: expect.stringMatching(
        /^Unclosed configuration block \(apps\/shop\/dev1\/main\.tf:4\): There is no closing brace .*\.$/,
      ),
    });
    expect(run.calls.map(({ arguments: given, directory: place }) => [place, ...given])).toEqual([
      [run.base, 'fmt', '-check', '-no-color', '-'],
    ]);
    expect(run.calls[0]?.input?.toString()).toBe(text);
    run.artifacts.objects.clear();
    expect(planFailureOf((await run.plan()).result).diagnostics).toEqual([
      {
        severity: 'error',
        summary: 'Unclosed configuration block',
        file: `${directory}/main.tf`,
        line: 4,
        detail: expect.stringMatching(/^There is no closing brace for this block before the end of the file\./),
      },
    ]);
  });

  it('is refused with its place where the engine has nothing to say against it', async () => {
    expect(await refusalOf('main.tf', `${COMMAND}\n?`, 'tofu')).toMatchObject({ phase: 'encryption' });
    expect(await refusalOf('main.tf', `x = 1 ?\n`, 'tofu')).toEqual({
      phase: 'backend',
      message: `${directory}/main.tf:1: Stagegate cannot read this, whatever tofu makes of it: ${NOT_READ}`,
    });
    expect(run.commands).toEqual(['fmt']);
  });

  it.each([
    ['main.tf', `\n# \0\n${COMMAND}`],
    ['main.tf.json', '\n{"locals":{"a":"\0"}}'],
  ])('is refused by name for a NUL byte in %s, and no engine runs', async (file, text) => {
    expect(await refusalOf(file, text, 'tofu')).toEqual({
      phase: 'backend',
      message: `${directory}/${file}:2: there is a NUL byte, which no configuration may have`,
    });
    expect(run.commands).toEqual([]);
  });

  it('is refused with its line where it should be JSON, which engines do not format', async () => {
    expect(await refusalOf('main.tf.json', '\n{ "terraform": {', 'terraform')).toEqual({
      phase: 'backend',
      message: `${directory}/main.tf.json:2: this is no JSON`,
    });
    expect(run.commands).toEqual([]);
  });

  it('is refused where it is JSON that nobody could write', async () => {
    const deep = `{"locals":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
    expect(await refusalOf('main.tf.json', deep, 'terraform')).toEqual({
      phase: 'backend',
      message: `${directory}/main.tf.json:1: this is nested too deeply; write it another way`,
    });
  });

  const DEEP = `${'('.repeat(300)}1${')'.repeat(300)}`;
  const realFormat = () => {
    run.steps.fmt = (step) =>
      runEngineBinary('terraform', {
        ...step,
        environment: { ...step.environment, PATH: process.env.PATH ?? '', TF_CLI_CONFIG_FILE: '/dev/null' },
      });
  };

  it('is planned all the same where the engine can read it and nothing is needed of it', async () => {
    realFormat();
    run.write({ [`${directory}/main.tf`]: `output "a" {\n  value = ${DEEP}\n}\n${resource}` });
    const { isSuccessful } = await run.plan();
    expect([isSuccessful, run.commands]).toEqual([true, ['fmt', 'init', 'plan', 'show']]);
  });

  it.each(['terraform', 'module "a"', 'variable "a"'])(
    'is refused where something is needed of it: %s',
    async (block) => {
      realFormat();
      expect(await refusalOf('main.tf', `${resource}${block} {\n  x = ${DEEP}\n}\n`, 'terraform')).toEqual({
        phase: 'backend',
        message: `${directory}/main.tf:3: Stagegate cannot read this, whatever terraform makes of it: ${NOT_READ}`,
      });
    },
  );

  it('is explained by the engine without what stands in its sensitive variables', async () => {
    realFormat();
    const text = 'variable "a" {\n  sensitive = true\n  default   = "%{hunter2}-and-more"\n}\n';
    expect(await refusalOf('main.tf', text, 'terraform')).toMatchObject({ phase: 'init' });
    run.artifacts.objects.clear();
    const { result, log } = await run.plan();
    expect(planFailureOf(result).diagnostics).toMatchObject([
      { summary: 'Invalid template control keyword', line: 3, detail: expect.stringContaining('"(sensitive)" is not') },
    ]);
    expect(`${JSON.stringify(result)}${log}`).not.toMatch(/hunter2|and-more/);
  });
});

describe('a file of values that cannot be read', () => {
  const declared = 'variable "password" {\n  sensitive = true\n}\nvariable "size" {}\n';
  const SIZE = { STAGEGATE_VARIABLES: JSON.stringify({ size: { value: 'small', mode: 'when-declared' } }) };
  const DEEP = `${'['.repeat(300)}1${']'.repeat(300)}`;
  const planValues = async (file: string, text: string, more = {}) => {
    run.steps.fmt = (step) =>
      runEngineBinary('terraform', {
        ...step,
        environment: { ...step.environment, PATH: process.env.PATH ?? '', TF_CLI_CONFIG_FILE: '/dev/null' },
      });
    run.write({ [`${directory}/main.tf`]: declared, [`${directory}/${file}`]: text });
    return run.plan(more);
  };

  it('is left to the engine, which can', async () => {
    const { isSuccessful } = await planValues('terraform.tfvars', `limit = ${DEEP}\n`, SIZE);
    expect(isSuccessful).toBe(true);
  });

  it('is refused if it may set what Stagegate sets', async () => {
    const { result } = await planValues('terraform.tfvars', `limit = ${DEEP}\nsize = "large"\n`, SIZE);
    expect(planFailureOf(result)).toMatchObject({
      phase: 'variables',
      reason: 'unparsable',
      message: expect.stringContaining(`${directory}/terraform.tfvars:1: Stagegate cannot read this`),
    });
  });

  it('is explained by the engine, without its texts', async () => {
    const { result, log } = await planValues('terraform.tfvars', 'size = 1\npassword = "%{hunter2-and-more}"\n');
    expect(planFailureOf(result)).toMatchObject({
      phase: 'variables',
      message: expect.stringContaining(`Invalid template control keyword (${directory}/terraform.tfvars:2)`),
    });
    expect(`${JSON.stringify(result)}${log}`).not.toMatch(/hunter2|and-more/);
  });

  it.each([
    ['{\n"password": hunter2-and-more }', 2],
    ['{ "password": "hunter2-and-more', 1],
    ['{ "a": 1 } hunter2', 1],
  ])('is refused with its line where it should be JSON, without its texts: %j', async (text, line) => {
    const { result, log } = await planValues('terraform.tfvars.json', text);
    expect(planFailureOf(result)).toMatchObject({
      phase: 'variables',
      reason: 'unparsable',
      message: `${directory}/terraform.tfvars.json:${line}: this is no JSON`,
    });
    expect(`${JSON.stringify(result)}${log}`).not.toMatch(/hunter2|and-more/);
  });
});
