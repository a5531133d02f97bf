import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import * as z from 'zod';
import { type ApplyProgress, applyPlan, judgeFailedApply } from '../../buildspecs/program/apply-plan.ts';
import {
  S3_PATIENCE,
  S3_SETTINGS,
  type S3Patience,
  s3Artifacts,
} from '../../buildspecs/program/artifacts/s3-artifacts.ts';
import type { Machine } from '../../buildspecs/program/build/build.ts';
import { runApplyBuild, runInspectBuild, runPlanBuild } from '../../buildspecs/program/build/run-build.ts';
import { BROKER_PATIENCE } from '../../buildspecs/program/credentials/engine-credentials.ts';
import { signedBroker } from '../../buildspecs/program/credentials/signed-broker.ts';
import { inspectPlan } from '../../buildspecs/program/inspect-plan.ts';
import { planEnvironment } from '../../buildspecs/program/plan-environment.ts';
import type { BuildStandIn, RunRequest } from '../../local/services/codebuild/run-request.ts';
import { WAITS_DIVIDED_BY } from './scale.ts';
import { runStandInStep } from './stand-in-engine.ts';

/**
 * The builds' patience with the broker, whose delays are on the scale of the outages. The times for an answer and for all
 * attempts are not: functions are not faster here. The number of attempts ends every wait before they do.
 */
const PATIENCE = { ...BROKER_PATIENCE, firstDelayMs: BROKER_PATIENCE.firstDelayMs / WAITS_DIVIDED_BY };

/**
 * A build's retries with S3. The SDK waits for 100 ms, and twice as long before each further attempt, up to 20 s. Each
 * build has its own, as it has its own process in AWS: a strategy allows only so many retries for all its calls together.
 */
const s3Retries = () =>
  new ConfiguredRetryStrategy(
    S3_SETTINGS.maxAttempts,
    (attempt) => (Math.random() * Math.min(100 * 2 ** attempt, 20_000)) / WAITS_DIVIDED_BY,
  );
const SHORT_S3_PATIENCE: S3Patience = {
  ...S3_PATIENCE,
  minTimeout: S3_PATIENCE.minTimeout / WAITS_DIVIDED_BY,
  maxTimeout: S3_PATIENCE.maxTimeout / WAITS_DIVIDED_BY,
};

const CredentialsSchema = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string(),
  Expiration: z.iso.datetime().transform((text) => new Date(text)),
});

/** One run of `apply` by the engine. */
interface Applied {
  readonly deploymentId: string;
  readonly digest: string;
}

/**
 * Runs the build programs in this process with an engine that answers at once. The programs make the same AWS calls as
 * in a build: with the build's own credentials, through the door.
 */
export class InProcessBuilds implements BuildStandIn {
  /** Every run of `apply`, in order. */
  readonly applied: Applied[] = [];
  /** Endpoint of the door; set once the cloud runs. */
  endpoint = '';

  async checkOut(variables: Readonly<Record<string, string>>, directory: string): Promise<void> {
    const file = join(directory, variables.STAGEGATE_DIRECTORY ?? '', 'main.tf');
    await mkdir(dirname(file), { recursive: true });
    const commit = variables.STAGEGATE_COMMIT ?? '';
    await writeFile(file, `resource "terraform_data" "service" {\n  input = "${commit}"\n}\n`);
  }

  async run(request: RunRequest, environment: Readonly<Record<string, string>>): Promise<boolean> {
    const machine = this.#machine(request, environment);
    const [, purpose] = /^stagegate-(plan|inspect|apply)/.exec(request.project.name) ?? [];
    switch (purpose) {
      case 'plan':
        return runPlanBuild(machine, planEnvironment);
      case 'inspect':
        return runInspectBuild(machine, inspectPlan);
      case 'apply': {
        const progress: ApplyProgress = {};
        return runApplyBuild(
          machine,
          (build) => applyPlan(build, progress),
          (build, error) => judgeFailedApply(build, error, progress),
        );
      }
      default:
        throw new Error(`running a build in this process: ${request.project.name} is no project of ours`);
    }
  }

  #machine(request: RunRequest, variables: Readonly<Record<string, string>>): Machine {
    const { AWS_REGION: region = '' } = variables;
    const credentials = credentialsOf(request);
    return {
      // The source has no repository, and without a PATH no git looks for one.
      environment: { ...variables, PATH: '/nowhere' },
      artifacts: (bucket, prefix) => {
        const { endpoint } = this;
        const settings = { endpoint, region, credentials, forcePathStyle: true, retryStrategy: s3Retries() };
        return { ...s3Artifacts(bucket, prefix, SHORT_S3_PATIENCE, new S3Client(settings)), warmUp() {} };
      },
      notCheckedOut: async () => ({ submodules: [], tooLong: [] }),
      async credentials({ keepSecret, ...props }) {
        const broker = signedBroker({ ...props, credentials, patience: PATIENCE });
        const { secretAccessKey, sessionToken } = await broker.redeem();
        keepSecret(secretAccessKey);
        keepSecret(sessionToken);
        return {};
      },
      providerCache: () => {
        throw new Error('a directory without providers asks for a cache of providers');
      },
      engine: async ({ name, version }) => ({
        name,
        version,
        run: async (step) => {
          if (step.arguments[0] === 'apply') this.#noteApply(variables);
          return runStandInStep(step);
        },
      }),
      log: (line) => request.log.note(line),
      stop: request.signal,
    };
  }

  #noteApply({
    STAGEGATE_DEPLOYMENT_ID: deploymentId = '',
    STAGEGATE_PLAN_DIGEST: digest = '',
  }: Readonly<Record<string, string>>): void {
    this.applied.push({ deploymentId, digest });
  }
}

/** Returns how the SDK in a build finds the credentials of the build's role. */
function credentialsOf({ credentials: { url, token } }: RunRequest) {
  return async () => {
    const answer = await fetch(url, { headers: { authorization: token } });
    if (!answer.ok) throw new Error(`asking for the credentials of a build: HTTP ${answer.status}`);
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = CredentialsSchema.parse(await answer.json());
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: Token,
      expiration: Expiration,
    };
  };
}
