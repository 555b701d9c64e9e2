'use client';

import { adam, crossEntropy, dense, sequential } from 'neurite';
import { inWorker } from 'neurite/worker';
import { useEffect } from 'react';
import { programInWorker } from '../../programInWorker.mjs';

export default function Page() {
  useEffect(() => {
    programInWorker({ adam, crossEntropy, dense, sequential }, inWorker).then(
      ({ prediction }) => parent.postMessage({ prediction }, '*'),
      (error) => parent.postMessage({ error: String(error) }, '*'),
    );
  }, []);
  return <p>trains in a worker</p>;
}
