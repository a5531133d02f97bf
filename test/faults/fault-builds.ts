import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Machine } from '../../buildspecs/program/build/build.ts';
import type { RunRequest } from '../../local/services/codebuild/run-request.ts';
import { InProcessBuilds } from '../harness/in-process-builds.ts';
import { runStandInStep } from '../harness/stand-in-engine.ts';
import { WAITS_DIVIDED_BY } from './scale.ts';

/** One run of `apply` by the engine. */
interface Applied {
  readonly deploymentId: string;
  readonly digest: string;
}

/** Builds in this process, without git, with an engine that answers at once, and with delays on the scale of the outages. */
export class FaultBuilds extends InProcessBuilds {
  /** Every run of `apply`, in order. */
  readonly applied: Applied[] = [];

  constructor() {
    super(WAITS_DIVIDED_BY);
  }

  async checkOut(variables: Readonly<Record<string, string>>, directory: string): Promise<void> {
    const file = join(directory, variables.STAGEGATE_DIRECTORY ?? '', 'main.tf');
    await mkdir(dirname(file), { recursive: true });
    const commit = variables.STAGEGATE_COMMIT ?? '';
    await writeFile(file, `resource "terraform_data" "service" {\n  input = "${commit}"\n}\n`);
  }

  protected override machine(
    request: RunRequest,
    variables: Readonly<Record<string, string>>,
    closers: (() => void)[],
  ): Machine {
    return {
      // The source has no repository, and without a PATH no git looks for one.
      ...super.machine(request, { ...variables, PATH: '/nowhere' }, closers),
      notCheckedOut: async () => ({ submodules: [], tooLong: [] }),
      engine: async ({ name, version }) => ({
        name,
        version,
        run: async (step) => {
          if (step.arguments[0] === 'apply') this.#noteApply(variables);
          return runStandInStep(step);
        },
      }),
    };
  }

  #noteApply({
    STAGEGATE_DEPLOYMENT_ID: deploymentId = '',
    STAGEGATE_PLAN_DIGEST: digest = '',
  }: Readonly<Record<string, string>>): void {
    this.applied.push({ deploymentId, digest });
  }
}
