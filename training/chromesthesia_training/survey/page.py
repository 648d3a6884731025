"""The page that is served: one file without anything from elsewhere."""

from __future__ import annotations

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Sound and picture</title>
<style>
body{font:17px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#22252b}
.four{display:grid;grid-template-columns:1fr 1fr;gap:.7rem;margin:1rem 0}
.four button{padding:0;border:3px solid #d9dce1;background:none;cursor:pointer}
.four button[aria-pressed=true]{border-color:#1f6f8b}
img{width:100%;display:block}.one{max-width:24rem}
label{display:block;margin:.8rem 0}input[type=range]{width:100%}
.ends{display:flex;justify-content:space-between;color:#6b7280;font-size:.9em}
button.go{font:inherit;padding:.5rem 1.2rem;margin:.4rem .6rem .4rem 0}[hidden]{display:none}
#problem{color:#b3261e}
</style></head><body><main>
<h1 id="title"></h1>
<section id="consent">
<p>You will hear short sounds and see pictures, and be asked which picture fits, or how pleasant and stirring one is.
There is no right answer. Stop whenever you like.</p>
<p>Kept is what you choose, with a number drawn by lot. No name, address, time or anything else about you is kept. You
can take all your answers back with the button at the end of this page for as long as it stays open.</p>
<label><input type="checkbox" id="agree"> I agree that my answers are kept and counted.</label>
<button class="go" id="begin" disabled>Begin</button></section>
<section id="ask" hidden><p id="progress"></p><div id="question"></div>
<button class="go" id="next" disabled>Next</button></section>
<section id="end" hidden><p>That is all. Thank you.</p></section>
<p id="problem" role="alert"></p>
<p><button class="go" id="back" hidden>Take my answers back</button></p>
</main><script>
"use strict";
const by=id=>document.getElementById(id);let rater=null,questions=[],at=0,said={};
async function post(path,content){const reply=await fetch(path,{method:"POST",headers:{"Content-Type":
"application/json"},
body:JSON.stringify(content)});const found=await reply.json();if(!reply.ok)throw new Error(found.problem);return found}
function tell(problem){by("problem").textContent=problem?problem.message:""}
by("agree").onchange=()=>{by("begin").disabled=!by("agree").checked};
by("begin").onclick=async()=>{try{const found=await post("/consent",{agreed:true});rater=found.rater;
questions=found.questions;by("consent").hidden=true;by("ask").hidden=false;by("back").hidden=false;show()}
catch(problem){tell(problem)}};
function add(parent,kind,attributes){const made=document.createElement(kind);Object.assign(made,attributes||{});
parent.append(made);return made}
function show(){const box=by("question");box.replaceChildren();said={};by("next").disabled=true;tell(null);
if(at>=questions.length){by("ask").hidden=true;by("end").hidden=false;return}
by("progress").textContent=`${at+1} of ${questions.length}`;const one=questions[at];
if(one.kind==="match"){add(box,"p",{textContent:"Which picture fits this sound?"});
add(box,"audio",{src:`/media/${one.sound}`,controls:true});const grid=add(box,"div",{className:"four"});
one.pictures.forEach((number,place)=>{const button=add(grid,"button",{type:"button"});
button.setAttribute("aria-pressed","false");add(button,"img",{src:`/media/${number}`,alt:`Picture ${place+1}`});
button.onclick=()=>{grid.querySelectorAll("button").forEach(other=>other.setAttribute("aria-pressed","false"));
button.setAttribute("aria-pressed","true");said={choice:one.places[place]};by("next").disabled=false}})}
else{add(box,"img",{src:`/media/${one.picture}`,alt:"Picture",className:"one"});const asked=[["pleasant",
"How pleasant is this picture?","unpleasant","pleasant"],["stirring","How stirring is it?","calm","stirring"]];
asked.forEach(([name,words,low,high])=>{const label=add(box,"label",{textContent:words});
const slide=add(label,"input",{type:"range",min:1,max:9,step:1,value:5});const ends=add(label,"div",{className:"ends"});
add(ends,"span",{textContent:low});add(ends,"span",{textContent:high});
const take=()=>{said[name]=Number(slide.value);by("next").disabled=Object.keys(said).length<2};
slide.oninput=take;slide.onclick=take})}}
by("next").onclick=async()=>{by("next").disabled=true;
try{await post("/answer",{rater,question:questions[at].key,...said});at+=1;show()}
catch(problem){tell(problem);by("next").disabled=false}};
by("back").onclick=async()=>{try{await post("/withdraw",{rater});by("ask").hidden=true;by("end").hidden=false;
by("back").hidden=true;by("end").textContent="They are taken out."}catch(problem){tell(problem)}};
fetch("/title").then(reply=>reply.json()).then(found=>{by("title").textContent=found.title;document.title=found.title});
</script></body></html>
"""
