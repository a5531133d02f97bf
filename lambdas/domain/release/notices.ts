import { applicationPath, environmentPath } from '../links.ts';
import type { Application } from '../model/application.ts';
import type { Store } from '../ports.ts';
import type { HeardView, Notice } from './hearing.ts';

/** Returns what a person who waits for a deployment has to know. Empty if everything went its way. */
export async function findNotices(
  store: Store,
  application: Application,
  heard: HeardView,
  newest: number,
): Promise<Notice[]> {
  const found = [refusal(application, heard), silence(application, heard, newest), ahead(application, heard)];
  const notices = found.filter((notice) => notice !== undefined);
  const undeployed = newest > 0 ? await findUndeployed(store, application, newest) : undefined;
  return undeployed ? [...notices, undeployed] : notices;
}

function refusal(application: Application, { repository, refused }: HeardView): Notice | undefined {
  if (!refused) return undefined;
  const { at, branch, repositoryId: id, renamedTo } = refused;
  if (renamedTo !== null)
    return {
      reason: 'repository-renamed',
      message: `${repository} was renamed or transferred to ${renamedTo}: nothing came of the push to ${branch} at ${at}`,
      next: `an admin changes configRepository.url to ${renamedTo} (PUT ${applicationPath(application.name)}); then deliver the push again`,
    };
  return {
    reason: 'pushes-refused',
    message: `${repository} is another repository now, with the id ${id} in place of ${application.repositoryId}: its push to ${branch} at ${at} was refused`,
    next: `find out who made it; if it is to be deployed, an admin confirms both ids (POST ${applicationPath(application.name)}/repository-confirmations); then deliver the push again`,
  };
}

function silence(
  { name, configRepository: { branch } }: Application,
  { repository, branch: own, head, branches, refused }: HeardView,
  newest: number,
): Notice | undefined {
  if (own || head || refused) return undefined;
  const release = `POST ${applicationPath(name)}/releases`;
  if (branches.length === 0)
    return newest > 0
      ? undefined
      : {
          reason: 'nothing-heard',
          message: `no push of ${repository} has been told of yet`,
          next: `set up the webhook of the repository and push to ${branch}, or release a commit (${release})`,
        };
  const named = branches.map((each) => each.branch);
  const most = named.join(', ');
  const change = `set configRepository.branch to ${named.length === 1 ? named[0] : 'one of these'} (PUT ${applicationPath(name)})`;
  return {
    reason: 'branch-not-heard',
    message: `no push has named the branch ${branch} of ${repository}; pushes named ${most}`,
    next: `${change} and push again, push to ${branch}, or release a commit (${release})`,
  };
}

/** The branch was pushed to, and no release has its head. */
function ahead({ name, configRepository }: Application, { branch, head }: HeardView): Notice | undefined {
  if (!head?.isAhead) return undefined;
  const { newestRelease, commit } = head;
  const told = branch ? ` (told at ${branch.at})` : '';
  return {
    reason: 'nothing-concerned',
    message:
      newestRelease === null
        ? `the head of ${configRepository.branch} is ${commit}${told}, and no push since the registration has changed what ${name} reads`
        : `the head of ${configRepository.branch} is ${commit}${told}; what was pushed since release ${newestRelease} does not concern ${name}, or a release of another commit was asked for`,
    next: `push a change below apps/${name}/, or release the head (POST ${applicationPath(name)}/releases)`,
  };
}

/** Returns why the newest release is not in the first environment, if nobody has brought it there. */
async function findUndeployed(
  store: Store,
  { name: application, pipeline }: Application,
  release: number,
): Promise<Notice | undefined> {
  const [first] = pipeline;
  if (first === undefined) return undefined;
  const where = { application, environment: first };
  const [environment, state, outcome] = await Promise.all([
    store.get('environment', { application, name: first }),
    store.get('environmentState', where),
    store.get('outcome', { ...where, release }),
  ]);
  const path = environmentPath(application, first);
  const deploy = `deploy it (POST ${path}/deployments with { "release": ${release} })`;
  if (!environment)
    return {
      reason: 'environment-missing',
      message: `release ${release} is deployed nowhere: ${first}, the first environment of the pipeline, is not defined`,
      next: `define it (PUT ${path}), then ${deploy}`,
    };
  const underWay = [...(state?.holder ? [state.holder] : []), ...(state?.queue ?? [])];
  const isKnown =
    (outcome !== undefined && outcome.at >= environment.createdAt) ||
    state?.deployed?.release === release ||
    underWay.some((entry) => entry.operation !== 'destroy' && entry.release === release);
  if (isKnown) return undefined;
  const told = {
    reason: 'release-not-deployed' as const,
    message: `nobody has deployed release ${release} to ${first}`,
  };
  if (state?.hold)
    return {
      ...told,
      message: `${told.message}, which is on hold: ${state.hold.reason}`,
      next: `lift the hold (PATCH ${path} with { "hold": false }), then ${deploy}`,
    };
  if (environment.stage !== 'development')
    return {
      ...told,
      message: `${told.message}: releases are deployed by themselves to a development environment only, and it is ${environment.stage}`,
      next: deploy,
    };
  return {
    ...told,
    message: `${told.message}: releases are deployed when they are made, and it was defined later or took no deployment then`,
    next: deploy,
  };
}
