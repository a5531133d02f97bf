import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import { Build } from '../../buildspecs/program/build/build.ts';
import { PhaseError } from '../../buildspecs/program/build/failure.ts';
import type { InspectBuild } from '../../buildspecs/program/build/run-build.ts';
import { workPaths } from '../../buildspecs/program/build/work-paths.ts';
import { runEngineBinary } from '../../buildspecs/program/engine/engine.ts';
import { type PlanFile, readPlanFile } from '../../buildspecs/program/engine/plan-file/plan-file.ts';
import { requireSameVariables } from '../../buildspecs/program/engine/plan-file/same-variables.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';
import { textValue, withVariables } from './forged-variables.ts';
import { MemoryArtifacts } from './program-runs.ts';

/** Tests plans that Terraform made of a commit, as they are and with values of variables written by somebody else. */

const DIRECTORY = 'apps/shop/dev1';
type Files = Readonly<Record<string, string | { readonly link: string }>>;
type Values = Readonly<Record<string, unknown>>;

/** An inspect build that has unpacked the tree. Paths are relative to the directory in it. */
class Inspected {
  readonly build: InspectBuild;
  log = '';

  constructor(files: Files, generated: Values = {}) {
    const variables = {
      STAGEGATE_WORK: temporaryDirectory(),
      STAGEGATE_APPLICATION: 'shop',
      STAGEGATE_ENVIRONMENT: 'dev1',
      STAGEGATE_DIRECTORY: DIRECTORY,
      STAGEGATE_DEPLOYMENT_ID: 'shop-dev1-1-abcdef',
      STAGEGATE_OPERATION: 'deploy' as const,
      STAGEGATE_REGION: 'eu-west-1',
      STAGEGATE_ARTIFACT_BUCKET: 'artifacts',
      STAGEGATE_RUN_PREFIX: 'runs/a/',
      STAGEGATE_ENGINES: [],
      STAGEGATE_PROVIDER_CACHE: 'off' as const,
    };
    const artifacts = new MemoryArtifacts('');
    const unused = () => {
      throw new Error('not part of this');
    };
    this.build = new Build('plan-file', {
      variables,
      artifacts,
      paths: workPaths(variables),
      machine: {
        // A value from the environment must not be used: anybody could have set it.
        environment: { PATH: process.env.PATH, TF_VAR_v: 'of the environment', CHECKPOINT_DISABLE: '1' },
        artifacts: () => artifacts,
        credentials: unused,
        notCheckedOut: unused,
        providerCache: unused,
        engine: unused,
        log: (line) => {
          this.log += `${line}\n`;
        },
        stop: new AbortController().signal,
      },
    });
    const { paths } = this.build;
    mkdirSync(paths.directory, { recursive: true });
    this.write(files);
    writeFileSync(paths.engine, JSON.stringify({ name: 'terraform', version: '1.99.0' }));
    writeFileSync(paths.generatedVariables, JSON.stringify(generated));
  }

  write(files: Files): void {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.build.paths.directory, name);
      mkdirSync(dirname(path), { recursive: true });
      if (typeof content === 'string') writeFileSync(path, content);
      else symlinkSync(content.link, path);
    }
  }

  terraform(...given: readonly string[]) {
    const { paths } = this.build;
    return promisify(execFile)('terraform', given, {
      cwd: paths.directory,
      env: { PATH: process.env.PATH, HOME: paths.base, CHECKPOINT_DISABLE: '1' },
    });
  }

  async plan(...given: readonly string[]): Promise<Buffer> {
    const { paths } = this.build;
    const values = `-var-file=${paths.generatedVariables}`;
    await this.terraform('plan', '-input=false', `-out=${paths.plan}`, values, ...given);
    return readFileSync(paths.plan);
  }

  /** Returns the objection to a plan, or undefined. */
  async problemOf(plan: Buffer, added: readonly string[] = [], planFile?: PlanFile): Promise<string | undefined> {
    const { paths } = this.build;
    writeFileSync(paths.plan, plan);
    const { stdout } = await this.terraform('show', '-json', paths.plan);
    writeFileSync(paths.planJson, stdout);
    const engine = {
      name: 'terraform' as const,
      version: '1.99.0',
      run: (step: Parameters<typeof runEngineBinary>[1]) => runEngineBinary('terraform', step),
    };
    try {
      await requireSameVariables(this.build, engine, planFile ?? (await readPlanFile(plan)), added);
      return undefined;
    } catch (error) {
      if (!(error instanceof PhaseError)) throw error;
      expect([error.phase, error.reason]).toEqual(['plan-file', 'plan-not-ours']);
      return error.message;
    }
  }
}

const refusal = (names: string) => `the plan has other values than the commit for the variable(s) ${names}`;

/** A commit from the review. What people see of its plan is the same for every value of "v". */
const PROVISIONER = {
  'main.tf': `variable "v" {}
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command = "echo got $\{var.v}"
  }
}
`,
  'terraform.tfvars': 'v = "BBBB"\n',
};

const CHECKED = `variable "v" {
  type      = string
  nullable  = false
  sensitive = true
  validation {
    condition     = length(var.v) > 1 && var.other != var.v
    error_message = "longer"
  }
}
variable "other" {
  default = "a"
}
`;

const TYPED = `variable "v" {
  type = object({
    a = string
    b = optional(number, 7)
    c = optional(object({ d = optional(bool, true) }), {})
    e = set(string)
    f = map(list(number))
    g = tuple([string, bool])
  })
}
`;

describe('a plan of the commit', () => {
  it.each<[string, Files, Values]>([
    ['that declares no variables', { 'main.tf': 'output "a" {\n  value = 1\n}\n', 'terraform.tfvars': 'v = 1\n' }, {}],
    ['with a text', PROVISIONER, {}],
    ['with nothing but defaults', { 'main.tf': 'variable "v" {\n  default = { a = [1, "b"] }\n}\n' }, {}],
    ['with conditions, sensitive', { 'main.tf': CHECKED, 'terraform.tfvars': 'v = "secret"\n' }, {}],
    [
      'with optional attributes, sets, maps and tuples',
      {
        'main.tf': TYPED,
        'terraform.tfvars': 'v = { a = 1, e = ["b", "a", "b"], f = { z = ["1", 2], a = [] }, g = [true, "false"] }\n',
      },
      {},
    ],
    [
      'with numbers of every size',
      {
        'main.tf': 'variable "v" {}\nvariable "w" {\n  type = list(number)\n}\n',
        'terraform.tfvars': 'v = 1e3\nw = [1e100, 0.1, -5, 123456789012345678901234567890, 1.50, "3"]\n',
      },
      {},
    ],
    [
      'with null',
      {
        'main.tf': `variable "v" {
  default  = "a"
  nullable = false
}
variable "w" {
  default = null
}
variable "x" {
  type    = list(string)
  default = null
}
`,
        'terraform.tfvars': 'v = null\nw = null\n',
      },
      {},
    ],
    [
      'with heredocs, escapes and letters of every kind',
      {
        'main.tf': 'variable "v" {}\nvariable "größe" {}\nvariable "x-y" {}\n',
        'terraform.tfvars':
          'v = <<-EOT\n  a $${b}\n    c\n  EOT\ngröße = "\\u00e9 e\\u0301 😀 %%{ \\t"\nx-y = "\ufeffz"\r\n',
      },
      {},
    ],
    [
      'with values from every file, in their order',
      {
        'main.tf': ['a', 'b', 'c', 'd', 'e', 'v'].map((name) => `variable "${name}" {}\n`).join(''),
        'terraform.tfvars': 'a = 1\nb = 1\nc = 1\nd = 1\ne = 1\nv = 1\n',
        'terraform.tfvars.json': '{ "b": { "x": [2, null] }, "c": 2, "d": 2, "e": 2 }',
        'a.auto.tfvars': 'c = 3\nd = 3\ne = 3\n',
        'b.auto.tfvars.json': '{ "d": 4, "e": "4 $${x}" }',
        '.hidden.auto.tfvars': 'e = 5\n',
        'other.tfvars': 'a = 6\nb = 6\n',
      },
      { v: 7 },
    ],
    ['with a value of Stagegate for a type only', { 'main.tf': 'variable "v" {\n  type = string\n}\n' }, { v: 7 }],
    [
      'with values for what it does not declare',
      { 'main.tf': 'variable "v" {}\n', 'terraform.tfvars': 'v = 1\nw = 1\nx = 1\ny = 1\nz = 1\n' },
      {},
    ],
    [
      'with ephemeral variables',
      {
        'main.tf': `variable "v" {
  ephemeral = true
}
variable "w" {
  ephemeral = "true"
  default   = null
}
variable "x" {
  ephemeral = true
  default   = null
}
variable "y" {}
variable "z" {
  ephemeral = true
  default   = "z"
}
`,
        'y_override.tf': 'variable "y" {\n  ephemeral = true\n}\n',
        'terraform.tfvars': 'v = "a"\nw = "b"\ny = "c"\nx = null\n',
      },
      {},
    ],
    [
      'with names that mean something here',
      {
        'main.tf': ['__proto__', 'constructor', 'toString'].map((name) => `variable "${name}" {}\n`).join(''),
        'terraform.tfvars': '__proto__ = "a"\nconstructor = "b"\ntoString = "c"\n',
      },
      {},
    ],
    [
      'in JSON',
      {
        'main.tf.json': '{ "variable": [{ "v": { "type": "string" } }, { "w": [{ "ephemeral": true }] }] }',
        'terraform.tfvars': 'v = 12\nw = 13\n',
      },
      {},
    ],
    [
      'with overrides',
      {
        'main.tf': 'variable "v" {\n  type = string\n}\nvariable "w" {\n  type = list(string)\n}\n',
        'override.tf': 'variable "v" {\n  type    = number\n  default = 3\n}\n',
        'w_override.tf.json': '{ "variable": { "w": { "type": "any", "default": 1 } } }',
        'terraform.tfvars': 'w = "x"\n',
      },
      {},
    ],
    [
      'with a link to its values',
      {
        'main.tf': 'variable "v" {}\n',
        'terraform.tfvars': { link: '../common.tfvars' },
        '../common.tfvars': 'v = 1\n',
      },
      {},
    ],
  ])('%s is taken, to deploy and to destroy', async (_, files, generated) => {
    const inspected = new Inspected(files, generated);
    const plans = [await inspected.plan(), await inspected.plan('-destroy')];
    for (const plan of plans) {
      const again = new Inspected(files, generated);
      expect(await again.problemOf(plan)).toBeUndefined();
      expect(again.log).toBe('');
    }
  });
});

describe('a plan with another value', () => {
  it('is one that people see no difference in and that an apply obeys', async () => {
    const inspected = new Inspected(PROVISIONER);
    const plan = await inspected.plan();
    const forged = withVariables(plan, { v: textValue('CCCC') });
    const { paths } = inspected.build;
    writeFileSync(paths.plan, forged);
    const { stdout } = await inspected.terraform('apply', '-input=false', '-no-color', paths.plan);
    expect(stdout).toContain('got CCCC');
    expect(await new Inspected(PROVISIONER).problemOf(forged)).toBe(refusal('"v"'));
    expect(await new Inspected(PROVISIONER).problemOf(withVariables(plan, { v: textValue('BBBB') }))).toBeUndefined();
  });

  const FILES = {
    'main.tf': `${CHECKED}variable "list" {
  type = list(string)
}
variable "short" {
  default   = "short"
  ephemeral = true
}
output "o" {
  value     = var.v
  sensitive = true
}
`,
    'terraform.tfvars': 'v = "secret"\nlist = ["a", "b"]\nshort = "lived"\n',
  };
  it.each<[string, (values: Readonly<Record<string, Uint8Array>>) => Record<string, Uint8Array>, string]>([
    ['of a sensitive variable', (values) => ({ ...values, v: textValue('other') }), '"v"'],
    [
      'deep inside',
      ({ list = new Uint8Array(), ...values }) => ({ ...values, list: changed(list, 'a', 'c') }),
      '"list"',
    ],
    ['that is null', (values) => ({ ...values, list: encode([Buffer.from('"dynamic"'), null]) }), '"list"'],
    ['where the commit has a default', (values) => ({ ...values, other: textValue('b') }), '"other"'],
    ['that is the default', (values) => ({ ...values, other: textValue('a') }), '"other"'],
    ['that is left out', ({ v: _, ...values }) => values, '"v"'],
    ['of an ephemeral variable', (values) => ({ ...values, short: textValue('x') }), '"short"'],
  ])('%s is refused, and no value is told', async (_, change, names) => {
    const inspected = new Inspected(FILES);
    const plan = await inspected.plan();
    const { variables } = await readPlanFile(plan);
    const forged = withVariables(plan, change(Object.fromEntries(variables)));
    expect(await inspected.problemOf(forged)).toBe(refusal(names));
    expect(inspected.log).toBe('');
  });

  it('is missed under whatever name it is left out', async () => {
    const files = { 'main.tf': 'variable "__proto__" {\n  default = 1\n}\n', 'terraform.tfvars': '__proto__ = 2\n' };
    const inspected = new Inspected(files);
    expect(await inspected.problemOf(withVariables(await inspected.plan(), {}))).toBe(refusal('"__proto__"'));
  });

  it('is not taken for one that an apply has to be given again', async () => {
    const files = { 'main.tf': 'variable "v" {\n  default = "a"\n}\n' };
    const inspected = new Inspected(files);
    const plan = await inspected.plan();
    const planFile = { ...(await readPlanFile(plan)), applyTimeVariables: ['v'] };
    expect(await inspected.problemOf(plan, [], planFile)).toBe(refusal('"v"'));
  });

  it('for what is not declared is refused, also where nothing is', async () => {
    const files = { 'main.tf': 'output "a" {\n  value = 1\n}\n' };
    const inspected = new Inspected(files);
    const forged = withVariables(await inspected.plan(), { v: textValue('x') });
    expect(await inspected.problemOf(forged)).toBe(refusal('"v"'));
  });

  it('names five variables at most', async () => {
    const files = { 'main.tf': Array.from('gfedcba', (name) => `variable "${name}" {\n  default = 1\n}\n`).join('') };
    const inspected = new Inspected(files);
    const forged = Object.fromEntries(Array.from('gfedcba', (name) => [name, textValue(name)]));
    expect(await inspected.problemOf(withVariables(await inspected.plan(), forged))).toBe(
      refusal('"a", "b", "c", "d", "e" and 2 more'),
    );
  });

  it('cannot come from a file that the plan has added, to which the commit has a link', async () => {
    const files = {
      'main.tf': 'variable "v" {\n  default = "BBBB"\n}\n',
      'terraform.tfvars': { link: 'built/values' },
    };
    const inspected = new Inspected(files);
    const plan = await inspected.plan();
    inspected.write({ 'built/values': 'v = "CCCC"\n' });
    const added = [`${DIRECTORY}/built/values`];
    expect(await inspected.problemOf(withVariables(plan, { v: textValue('CCCC') }), added)).toBe(refusal('"v"'));
  });
});

/** Returns a value with other letters of the same length. */
function changed(value: Uint8Array, from: string, to: string): Uint8Array {
  const other = Buffer.from(value);
  // The last place is replaced, because the letters may occur in the type, too.
  other.write(to, other.lastIndexOf(from));
  return other;
}
