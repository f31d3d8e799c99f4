// Creates at a steady rate, whether the server keeps up or not: open loop, as people arrive.
import http from 'k6/http';
import { SharedArray } from 'k6/data';
import { check } from 'k6';
import exec from 'k6/execution';

const people = new SharedArray('people', () => JSON.parse(open(__ENV.TOKENS)).people);
const rate = Number(__ENV.RATE);

export const options = {
  scenarios: {
    arrivals: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: `${__ENV.SECONDS}s`,
      preAllocatedVUs: rate,
      maxVUs: 4 * rate,
    },
  },
  summaryTrendStats: ['med', 'p(99)', 'max'],
  discardResponseBodies: true,
};

export default function () {
  const number = exec.scenario.iterationInTest;
  const { user, token } = people[number % people.length];
  // The same task as in bench/load/src/closed_loop.rs.
  const task = {
    title: `Water the plants ${String(number).padStart(12, '0')}`,
    description: 'All of them, also the one behind the curtain that everybody forgets until it looks sad.',
    priority: 'medium',
    tags: ['garden', 'home'],
  };
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'idempotency-key': `${__ENV.RUN}-${number}`,
  };
  const answer = http.post(`${__ENV.BASE}/api/${user}/tasks`, JSON.stringify(task), { headers });
  check(answer, { created: ({ status }) => status === 201 });
}

export function handleSummary({ metrics }) {
  const value = (name, key) => (metrics[name] ? metrics[name].values[key] : 0);
  return {
    stdout: JSON.stringify({
      // An iteration begins when its request is due, or is dropped; the request's own time would leave out the wait for a
      // connection.
      p50: value('iteration_duration', 'med'),
      p99: value('iteration_duration', 'p(99)'),
      count: value('http_reqs', 'count'),
      failed: value('checks', 'fails'),
      dropped: value('dropped_iterations', 'count'),
    }),
  };
}
