import { type Deployment, describeContent } from '../model/deployment.ts';
import { MOST_KEPT, treesIn } from '../model/kept/kept-trees.ts';
import type { Reader } from '../ports.ts';

/**
 * Says what to do if the git host has lost the commit of a deployment whose build never began. Only a destruction or a
 * rollback gets an answer that was fetched from the host because its tree is not kept; undefined for any other.
 */
export async function wayOutWithoutCommit(reader: Reader, deployment: Deployment): Promise<string | undefined> {
  const { operation, treeOf, application, environment, commit } = deployment;
  if (operation === 'deploy' || treeOf) return undefined;
  const kept = await reader.get('keptTrees', { application, environment });
  const lost = `if the git host has lost commit ${commit}:`;
  const push = 'push the commit again, to any branch or tag';
  if (!kept || treesIn(kept).length === 0)
    return `${lost} nothing that was applied to "${environment}" is kept yet; try once more, because its run may still have it, or ${push}`;
  const releases = kept.successes.flatMap(({ release }) => release ?? []);
  const others =
    releases.length > 0
      ? `, or ${operation === 'rollback' ? 'roll back to' : 'destroy with'} one of these releases: ${releases.join(', ')}`
      : '';
  return (
    `${lost} "${environment}" keeps what its last ${MOST_KEPT} successes were applied from, ` +
    `and ${describeContent(deployment)} is not among them; ${push}${others}`
  );
}
