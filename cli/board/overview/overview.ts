import { counted } from '../../../lambdas/domain/plan/wording.ts';
import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { nameOf } from '../../../lambdas/pages/parts/words.ts';
import { whatOf } from '../../deployment/describe-deployment.ts';
import { releaseOrCommit } from '../../output/words.ts';
import type { AllPipelines } from '../../pipeline/all-pipelines.ts';
import { applicationPath, deploymentPath, overviewPath, type Scene } from '../frame/scene.ts';
import { ago, pill, type Standing, skippedNote } from '../frame/small-parts.ts';
import {
  byUrgency,
  type Environment,
  type Listed,
  MATTER_IN_WORDS,
  MATTERS,
  type Matter,
  mattersIn,
  mattersOf,
  STANDING_OF,
  type Stop,
} from './matters.ts';

/** What the reader looks for. */
export interface Wanted {
  /** A part of the name of an application or a client. */
  readonly text: string;
  readonly matter: Matter | undefined;
}

/** Shows all applications, those that need somebody first. */
export function overview(scene: Scene, { applications, skipped }: AllPipelines, wanted: Wanted): Html {
  if (applications.length === 0) return nothingYet();
  const shown = applications.filter((application) => isWanted(application, wanted)).sort(byUrgency);
  return html`<h1 class="sr">Applications</h1>
${tiles(scene, applications, wanted)}
<form class="find" role="search" action="${overviewPath(scene)}">
${wanted.matter && html`<input type="hidden" name="show" value="${wanted.matter}">`}
<label for="find" class="sr">Find an application or a client</label>
<input type="search" id="find" name="q" value="${wanted.text}" placeholder="Find an application or a client" autocomplete="off" spellcheck="false">
<span class="quiet small" role="status">${shown.length === applications.length ? counted(shown.length, 'application') : `${shown.length} of ${counted(applications.length, 'application')}`}</span>
</form>
${skipped > 0 && skippedNote(skipped)}
${shown.length === 0 ? html`<p class="card">No application is like that. <a href="${overviewPath(scene)}">Show all of them.</a></p>` : html`<ul class="apps">${shown.map((application) => row(scene, application))}</ul>`}`;
}

function nothingYet(): Html {
  return html`<h1>No application is registered yet</h1>
<section class="card"><p>Give <code>stagegate init</code> in a clone of a config repository. It registers the application, its environments and the people who approve. The board shows them as soon as they are there.</p></section>`;
}

function tiles(scene: Scene, applications: readonly Listed[], wanted: Wanted): Html {
  const tile = (matter: Matter | undefined, count: number, words: string) => {
    const query = new URLSearchParams({
      ...(matter && { show: matter }),
      ...(wanted.text !== '' && { q: wanted.text }),
    }).toString();
    const tone = matter && count > 0 ? STANDING_OF[matter] : '';
    const current = wanted.matter === matter ? html` aria-current="true"` : '';
    return html`<li><a class="${tone}" href="${overviewPath(scene)}${query === '' ? '' : `?${query}`}"${current}><strong>${count}</strong> ${words}</a></li>`;
  };
  const count = (matter: Matter) => applications.filter((each) => mattersIn(each).includes(matter)).length;
  return html`<nav aria-label="What to show"><ul class="tiles">${tile(undefined, applications.length, 'Applications')}${MATTERS.map((matter) => tile(matter, count(matter), MATTER_IN_WORDS[matter]))}</ul></nav>`;
}

function isWanted(application: Listed, { text, matter }: Wanted): boolean {
  const sought = text.trim().toLowerCase();
  const isNamed = [application.name, application.client].some((name) => name.toLowerCase().includes(sought));
  return isNamed && (matter === undefined || mattersIn(application).includes(matter));
}

function row(scene: Scene, application: Listed): Html {
  const { name, client, summary } = application;
  const [first] = mattersIn(application);
  const now = summary?.environments.flatMap((stop) => nowIn(scene, name, stop)) ?? [];
  return html`<li id="app-${name}" class="${first ? STANDING_OF[first] : ''}"><div><h2><a href="${applicationPath(scene, name)}"><bdi>${name}</bdi></a></h2><span class="quiet small"><bdi>${client}</bdi></span></div>
${summary ? html`<ol class="track">${summary.environments.map(track)}</ol>` : html`<p>${pill('bad', 'a record cannot be read')}</p>`}
${now.length > 0 && html`<ul class="now">${now}</ul>`}</li>
`;
}

function track({ name, environment }: Stop): Html {
  const [standing, said] = standingOf(environment);
  return html`<li><span class="stop ${standing === 'good' || standing === 'quiet' ? '' : standing}"><span class="dot ${standing}" aria-hidden="true"></span><b>${name}</b> <span>${runsIn(environment)}</span>${said !== '' && html`<span class="sr">, ${said}</span>`}</span></li>`;
}

/** How an environment stands, and that in words. */
function standingOf(environment: Environment | null): [standing: Standing, said: string] {
  if (environment === null) return ['quiet', 'not defined yet'];
  const [first] = mattersOf(environment);
  if (first) return [STANDING_OF[first], MATTER_IN_WORDS[first].toLowerCase()];
  return [environment.deployed ? 'good' : 'quiet', ''];
}

function runsIn(environment: Environment | null): string {
  const deployed = environment?.deployed;
  if (!deployed) return '–';
  return deployed.release === undefined ? releaseOrCommit(deployed) : String(deployed.release);
}

/** What goes on in an environment, a line each. */
function nowIn(scene: Scene, application: string, { name, environment }: Stop): Html[] {
  if (environment === null) return [];
  const { status, underWay, queued, hold, lastVerdict } = environment;
  const line = (tone: Standing, word: string, text: Html) => html`<li>${pill(tone, word)} <b>${name}</b> ${text}</li>`;
  const pathOf = (id: string) => deploymentPath(scene, { application, environment: name, id });
  const failed = lastVerdict?.status === 'failed' ? lastVerdict : undefined;
  return [
    ...(status === 'failed'
      ? [
          line(
            'bad',
            'Failed',
            failed
              ? html`<a href="${pathOf(failed.deploymentId)}">the last deployment failed</a>, ${ago(scene, failed.at)} ago`
              : html`the last deployment failed`,
          ),
        ]
      : []),
    ...[...(underWay ? [underWay] : []), ...queued].map((each) =>
      line(
        each.waitsFor ? 'warn' : 'calm',
        each.waitsFor ? 'Waiting' : 'Under way',
        html`<a href="${pathOf(each.deploymentId)}">${whatOf(each)}</a> ${progressOf(scene, each)}`,
      ),
    ),
    ...(hold
      ? [
          line(
            'warn',
            'On hold',
            html`for ${ago(scene, hold.at)}: <bdi>${hold.reason}</bdi> <span class="quiet">(${nameOf(hold.by)})</span>`,
          ),
        ]
      : []),
  ];
}

type UnderWay = NonNullable<Environment['underWay']>;

function progressOf(scene: Scene, { status, since, waitsFor }: UnderWay): Html {
  if (waitsFor?.kind === 'approval') {
    const { gate, approvedBy, required } = waitsFor;
    return html`waits for <strong>${gate}</strong>, ${approvedBy.length} of ${counted(required, 'approval')}, for ${ago(scene, waitsFor.since)}`;
  }
  if (waitsFor) return html`waits until applies are allowed again, for ${ago(scene, waitsFor.since)}`;
  if (status === 'queued') return html`waits for its turn, for ${ago(scene, since)}`;
  return html`is ${status.replaceAll('_', ' ')}, for ${ago(scene, since)}`;
}
