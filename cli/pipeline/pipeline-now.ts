import type { Api, Schemas } from '../client/api-client.ts';
import { type Deployment, readDeployment } from '../deployment/deployments.ts';

/** An environment of a pipeline, with its deployments under way. */
export interface EnvironmentNow {
  readonly name: string;
  /** Null when it is not defined yet. */
  readonly environment: Schemas['EnvironmentSummary'] | null;
  readonly current: Deployment | null;
  readonly queued: readonly Deployment[];
}

export interface PipelineNow {
  readonly application: string;
  readonly head: Schemas['Head'] | null;
  readonly environments: readonly EnvironmentNow[];
}

/** Reads the pipeline of an application with everything that is under way in it. */
export async function readPipeline(api: Api, application: string): Promise<PipelineNow> {
  const path = { app: application };
  const { head, pipeline } = await api.body(api.http.GET('/applications/{app}/pipeline', { params: { path } }));
  const environments = pipeline.map(async ({ name, environment }): Promise<EnvironmentNow> => {
    const read = (id: string) => readDeployment(api, application, name, id);
    const [current, ...queued] = await Promise.all([
      environment?.currentDeployment ? read(environment.currentDeployment) : null,
      ...(environment?.queuedDeployments ?? []).map(read),
    ]);
    return { name, environment, current, queued: queued.filter((each) => each !== null) };
  });
  return { application, head, environments: await Promise.all(environments) };
}
