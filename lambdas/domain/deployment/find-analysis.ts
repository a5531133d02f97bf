import { analysisKey } from '../contract/build-result.ts';
import type { Planned } from '../model/deployment.ts';
import { type Analysis, AnalysisSchema } from '../plan/analysis.ts';
import type { ArtifactStore } from '../ports.ts';

/** Reads exactly the version of a plan's analysis that people decide on; undefined if it was deleted. */
export async function findAnalysis(artifacts: ArtifactStore, { analysis }: Planned): Promise<Analysis | undefined> {
  const found = await artifacts.getJson(analysis.key, analysis.versionId);
  return found && AnalysisSchema.parse(found.value);
}

/** Reads the analysis of an earlier plan of the deployment, for a comparison. */
export async function findEarlierAnalysis(
  artifacts: ArtifactStore,
  deploymentId: string,
  round: number,
): Promise<Analysis | undefined> {
  const found = await artifacts.getJson(analysisKey(deploymentId, round));
  return found && AnalysisSchema.parse(found.value);
}
