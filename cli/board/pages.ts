import type { Html } from '../../lambdas/pages/parts/html.ts';
import { capitalized } from '../../lambdas/pages/parts/words.ts';
import type { Api } from '../client/api-client.ts';
import type { Environment } from '../deployment/deployments.ts';
import { describeEnding, describeNow, isOpen, whatOf } from '../deployment/describe-deployment.ts';
import { releaseOrCommit } from '../output/words.ts';
import { type AllPipelines, readAllPipelines } from '../pipeline/all-pipelines.ts';
import { applicationPage } from './application/application-page.ts';
import { deploymentPage } from './deployment/deployment-page.ts';
import { boardPage } from './frame/board-page.ts';
import { applicationPath, overviewPath, type Scene } from './frame/scene.ts';
import { isMatter } from './overview/matters.ts';
import { overview } from './overview/overview.ts';
import { type Known, Memory, type Times } from './reading/memory.ts';
import { type ApplicationNow, readApplication } from './reading/read-application.ts';
import { type DeploymentNow, readDeploymentNow } from './reading/read-deployment.ts';
import type { Route } from './routes.ts';

type View = Exclude<Route, { page: 'action' }>;

/** How many seconds a window waits before it asks again: where something is under way, where nothing is, and after a failure. */
const SOON = 3;
const LATER = 15;
const AGAIN = 5;
/** A list of more applications is asked for less often. */
const FEW = 100;

/** The pages that only show something. */
export class Pages {
  readonly #api: Api;
  readonly #clock: () => number;
  readonly #pipelines: Memory<AllPipelines>;
  readonly #applications: Memory<ApplicationNow>;
  readonly #deployments: Memory<DeploymentNow>;

  constructor(api: Api, times: Times) {
    this.#api = api;
    this.#clock = times.clock;
    this.#pipelines = new Memory(times);
    this.#applications = new Memory(times);
    this.#deployments = new Memory(times);
  }

  /** Forgets what was read, because something was changed. */
  forget(): void {
    for (const memory of [this.#pipelines, this.#applications, this.#deployments]) memory.forget();
  }

  /** Returns a page. Throws CommandError when nothing is known of what it shows. */
  async show(scene: Scene, view: View, query: URLSearchParams): Promise<string> {
    const overviewCrumb = [overviewPath(scene), 'Applications'] as const;
    switch (view.page) {
      case 'overview': {
        const known = await this.#pipelines.recall('', () => readAllPipelines(this.#api));
        const matter = query.get('show');
        const wanted = { text: query.get('q') ?? '', matter: isMatter(matter) ? matter : undefined };
        const everySeconds = known.value.applications.length > FEW ? LATER : AGAIN;
        return page(scene, known, overview(scene, known.value, wanted), { title: 'Applications', everySeconds });
      }
      case 'application': {
        const known = await this.#applications.recall(view.app, (before) =>
          readApplication(this.#api, view.app, before, this.#clock),
        );
        const { lanes, ephemeral } = known.value;
        const isBusy =
          lanes.some(({ environment }) => environment?.current ?? environment?.queued) ||
          ephemeral.some(({ environment }) => environment.currentDeployment !== null);
        const main = applicationPage(scene, known.value);
        const everySeconds = isBusy ? SOON : LATER;
        const news = lanes.map(
          ({ name, environment }) => `${name}: ${environment ? newsOf(environment) : 'not defined'}`,
        );
        return page(scene, known, main, {
          ...{ title: view.app, above: [overviewCrumb], everySeconds },
          news: news.join('; '),
        });
      }
      case 'deployment': {
        const { app, env, id } = view;
        const place = { app, env, id };
        const known = await this.#deployments.recall(`${app}/${env}/${id}`, (before) =>
          readDeploymentNow(this.#api, place, before, this.#clock),
        );
        const { deployment } = known.value;
        return page(scene, known, deploymentPage(scene, known.value), {
          title: `${capitalized(whatOf(deployment))}, ${env}`,
          above: [overviewCrumb, [applicationPath(scene, app), app]],
          everySeconds: isOpen(deployment) ? SOON : LATER,
          news: isOpen(deployment) ? describeNow(deployment) : describeEnding(deployment),
        });
      }
    }
  }
}

/** What an environment does or has done last, in a few words. */
function newsOf({ current, deployed, status }: Environment): string {
  if (current) return describeNow(current);
  return `${deployed ? releaseOrCommit(deployed) : 'nothing yet'}${status === 'failed' ? ', the last deployment failed' : ''}`;
}

function page(
  scene: Scene,
  { at, problem }: Known<unknown>,
  main: Html,
  shown: Pick<Parameters<typeof boardPage>[1], 'title' | 'above' | 'news'> & { readonly everySeconds: number },
): string {
  return boardPage(scene, {
    ...shown,
    ...{ main, readAt: at, problem },
    everySeconds: problem ? AGAIN : shown.everySeconds,
  });
}
