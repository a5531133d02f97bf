/**
 * Suites that share a cloud. The first ones compare all records before and after a request, so each of them must leave
 * only deployments that have ended; the gates of the bad-input suite, which expire later, come after them.
 */
import './link-flood.suite.ts';
import './webhook.suite.ts';
import './bad-input.suite.ts';
import './approving-in-a-browser.suite.ts';
import './board.suite.ts';
import './plan-facts.suite.ts';
