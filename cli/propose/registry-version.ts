import { exactVersion, relationTo } from './constraint.ts';
import { type Decision, undecided } from './proposal.ts';
import { compareVersions } from './version-order.ts';

/**
 * Decides about a call of a registry module. `written`: its version constraint. `ran`: the version that ran. Only a
 * constraint that allows nothing but older versions stands behind; one that allows what ran is left as it is.
 */
export function decideRegistryVersion(written: string, ran: string, from: string): Decision {
  const exactRan = exactVersion(ran);
  if (!exactRan) return undecided(`the exact version that ran in ${from} is not known`, ran);
  const exact = exactVersion(written);
  if (exact) {
    const order = compareVersions(exact.version, exactRan.version);
    if (order === 0) return { verdict: 'same', ran, reason: `runs in ${from}` };
    if (order > 0) return { verdict: 'ahead', ran, reason: `newer than what runs in ${from}` };
    return { verdict: 'change', to: ran, reason: `ran in ${from}` };
  }
  const relation = relationTo(written, exactRan.version);
  if (relation === 'behind')
    return { verdict: 'change', to: ran, reason: `ran in ${from}; ${written} allows only older versions` };
  if (relation === 'ahead') return { verdict: 'ahead', ran, reason: `allows only newer versions than ${from} runs` };
  if (relation === 'unclear') return undecided(`"${written}" cannot be compared with ${ran}`, ran);
  return {
    verdict: 'same',
    ran,
    reason: `allows what runs in ${from}, and newer versions too: an exact version would keep them out`,
  };
}
