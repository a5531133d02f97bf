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
import { BROKER_PATIENCE, giveToEngine } from '../../buildspecs/program/credentials/engine-credentials.ts';
import { signedBroker } from '../../buildspecs/program/credentials/signed-broker.ts';
import { runEngineBinary } from '../../buildspecs/program/engine/engine.ts';
import { inspectPlan } from '../../buildspecs/program/inspect-plan.ts';
import { planEnvironment } from '../../buildspecs/program/plan-environment.ts';
import { listNotCheckedOut } from '../../buildspecs/program/source/not-checked-out.ts';
import type { BuildStandIn, RunRequest } from '../../local/services/codebuild/run-request.ts';
import { runStandInStep } from './stand-in-engine.ts';

const CredentialsSchema = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string(),
  Expiration: z.iso.datetime().transform((text) => new Date(text)),
});

/**
 * Runs the build programs in this process, without bash and a Node.js of their own. The rest of a build stays: source,
 * variables, engine, and the same AWS calls with the build's own credentials, through the door.
 */
export class InProcessBuilds implements BuildStandIn {
  readonly #waitsDividedBy: number;

  /** The delays between a build's attempts are this many times shorter than in AWS. */
  constructor(waitsDividedBy = 1) {
    this.#waitsDividedBy = waitsDividedBy;
  }

  async run(request: RunRequest, environment: Readonly<Record<string, string>>): Promise<boolean> {
    const [, purpose] = /^stagegate-(plan|inspect|apply)/.exec(request.project.name) ?? [];
    const closers: (() => void)[] = [];
    try {
      const machine = this.machine(request, environment, closers);
      switch (purpose) {
        case 'plan':
          return await runPlanBuild(machine, planEnvironment);
        case 'inspect':
          return await runInspectBuild(machine, inspectPlan);
        case 'apply': {
          const progress: ApplyProgress = {};
          return await runApplyBuild(
            machine,
            (build) => applyPlan(build, progress),
            (build, error) => judgeFailedApply(build, error, progress),
          );
        }
        default:
          throw new Error(`running a build in this process: ${request.project.name} is no project of ours`);
      }
    } finally {
      for (const close of closers) close();
    }
  }

  /** Returns what a build uses of its machine; `closers` run when the build has ended. */
  protected machine(
    request: RunRequest,
    variables: Readonly<Record<string, string>>,
    closers: (() => void)[],
  ): Machine {
    const { AWS_REGION: region = '', AWS_ENDPOINT_URL_S3: endpoint = '' } = variables;
    const credentials = credentialsOf(request);
    return {
      environment: variables,
      artifacts: (bucket, prefix) => {
        const settings = { endpoint, region, credentials, forcePathStyle: true, retryStrategy: this.#s3Retries() };
        const client = new S3Client(settings);
        closers.push(() => client.destroy());
        return { ...s3Artifacts(bucket, prefix, this.#s3Patience(), client), warmUp() {} };
      },
      notCheckedOut: listNotCheckedOut,
      credentials: async ({ keepSecret, stop, ...props }) => {
        const broker = signedBroker({ ...props, credentials, patience: this.#brokerPatience() });
        const { variables: found, close } = await giveToEngine(broker, { keepSecret, stop });
        closers.push(close);
        return found;
      },
      providerCache: () => {
        throw new Error('a directory without providers asks for a cache of providers');
      },
      engine: async (available) => {
        if (!('path' in available)) throw new Error(`the engine ${available.name} is not on this machine`);
        const { name, version, path } = available;
        // Here, OpenTofu is always the stand-in.
        return {
          name,
          version,
          run: async (step) => (name === 'tofu' ? runStandInStep(step) : runEngineBinary(path, step)),
        };
      },
      log: (line) => request.log.write(`${line}\n`),
      stop: request.signal,
    };
  }

  /**
   * A build's retries with S3. The SDK waits for 100 ms, and twice as long before each further attempt, up to 20 s. Each
   * build has its own, as it has its own process in AWS: a strategy allows only so many retries for all its calls
   * together.
   */
  #s3Retries(): ConfiguredRetryStrategy {
    return new ConfiguredRetryStrategy(
      S3_SETTINGS.maxAttempts,
      (attempt) => (Math.random() * Math.min(100 * 2 ** attempt, 20_000)) / this.#waitsDividedBy,
    );
  }

  #s3Patience(): S3Patience {
    return {
      ...S3_PATIENCE,
      minTimeout: S3_PATIENCE.minTimeout / this.#waitsDividedBy,
      maxTimeout: S3_PATIENCE.maxTimeout / this.#waitsDividedBy,
    };
  }

  /**
   * Patience with the broker, with shorter delays. The times for an answer and for all attempts are not shorter:
   * functions are not faster here. The number of attempts ends every wait before they do.
   */
  #brokerPatience(): typeof BROKER_PATIENCE {
    return { ...BROKER_PATIENCE, firstDelayMs: BROKER_PATIENCE.firstDelayMs / this.#waitsDividedBy };
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
