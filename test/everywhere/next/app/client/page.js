'use client';

import { adam, crossEntropy, dense, load, NeuriteError, save, sequential } from 'neurite';
import { useEffect } from 'react';
import { program } from '../../program.mjs';

export default function Page() {
  useEffect(() => {
    program({ adam, crossEntropy, dense, load, NeuriteError, save, sequential }).then(
      ({ loss }) => parent.postMessage({ loss }, '*'),
      (error) => parent.postMessage({ error: String(error) }, '*'),
    );
  }, []);
  return <p>trains</p>;
}
