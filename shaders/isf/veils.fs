/*{
    "DESCRIPTION": "Veils of silk hang in the dark, one for each band of the sound; each moves with what it hears.",
    "CREDIT": "Chromesthesia",
    "ISFVSN": "2",
    "CATEGORIES": ["Generator", "Audio Reactive"],
    "INPUTS": [
        {"NAME": "bands", "TYPE": "audioFFT", "MAX": 256},
        {"NAME": "speed", "LABEL": "Speed", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.5},
        {"NAME": "folds", "LABEL": "Folds", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 1.0},
        {"NAME": "listen", "LABEL": "How far sound moves them", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 1.0},
        {"NAME": "warm", "LABEL": "Warm", "TYPE": "color", "DEFAULT": [1.0, 0.48, 0.26, 1.0]},
        {"NAME": "cool", "LABEL": "Cool", "TYPE": "color", "DEFAULT": [0.16, 0.34, 0.95, 1.0]},
        {"NAME": "afterglow", "LABEL": "Afterglow", "TYPE": "float", "MIN": 0.0, "MAX": 0.97, "DEFAULT": 0.72}
    ],
    "PASSES": [
        {"TARGET": "heard", "PERSISTENT": true, "FLOAT": true, "WIDTH": "8", "HEIGHT": "1"},
        {"TARGET": "glow", "PERSISTENT": true, "FLOAT": true},
        {}
    ]
}*/

const int VEILS = 8;

float hash(vec2 p) {
    return fract(sin(dot(p, vec2(127.1, 311.7))) * 43758.5453);
}

float noise(vec2 p) {
    vec2 cell = floor(p), f = fract(p);
    f = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    return mix(
        mix(hash(cell), hash(cell + vec2(1.0, 0.0)), f.x),
        mix(hash(cell + vec2(0.0, 1.0)), hash(cell + vec2(1.0, 1.0)), f.x),
        f.y);
}

// What one veil hears: up at once, down slowly.
vec4 listened() {
    float veil = floor(gl_FragCoord.x);
    float from = pow(2.0, veil) - 1.0;
    float loud = 0.0;
    for (int step = 0; step < 4; step++) {
        float column = (from + (float(step) + 0.5) / 4.0 * pow(2.0, veil)) / 255.0;
        loud = max(loud, IMG_NORM_PIXEL(bands, vec2(column, 0.5)).r);
    }
    float before = IMG_PIXEL(heard, vec2(veil + 0.5, 0.5)).r;
    return vec4(max(loud, mix(before, loud, min(1.0, TIMEDELTA * 3.0))));
}

vec3 veils(vec2 p) {
    vec3 light = vec3(0.0);
    for (int number = 0; number < VEILS; number++) {
        float own = float(number) / float(VEILS - 1);
        float loud = IMG_PIXEL(heard, vec2(float(number) + 0.5, 0.5)).r * listen;
        float t = TIME * speed * (0.5 + 0.35 * own) + own * 19.0;
        float along = p.x * (0.55 + 0.5 * own);
        float hang = mix(-0.36, 0.34, own) + 0.13 * sin(along * 1.7 + t * 0.6 + own * 5.0);
        float fold = noise(vec2(along * 1.4 + t * 0.25, own * 31.0 + t * 0.18)) - 0.5;
        fold += 0.35 * (noise(vec2(along * 3.6 - t * 0.4, own * 57.0 + t * 0.3)) - 0.5);
        float edge = p.y - hang - folds * fold * (0.5 + 0.45 * loud);
        // Bright where it is seen edge on, fading away downwards, with the weave in its folds.
        float seam = exp(-abs(edge) * (90.0 - 50.0 * loud));
        float cloth = edge < 0.0 ? exp(edge * (5.5 - 2.5 * loud)) : exp(-edge * 70.0);
        float pleat = noise(vec2(along * 9.0 + 6.0 * fold + t * 0.2, own * 11.0 + edge * 1.5));
        float thread = noise(vec2(along * 70.0 + 14.0 * fold, own * 7.0 + edge * 4.0));
        cloth *= 0.3 + 0.75 * pleat * pleat + 0.22 * thread;
        vec3 dye = mix(cool.rgb, warm.rgb, smoothstep(0.1, 0.9, own + 0.55 * fold));
        vec3 shine = mix(dye, vec3(1.0, 0.95, 0.88), 0.45);
        light += (0.16 + 0.55 * loud) * (dye * cloth * 0.85 + shine * seam * 0.7);
    }
    return light;
}

void main() {
    if (PASSINDEX == 0) {
        gl_FragColor = listened();
    } else if (PASSINDEX == 1) {
        vec2 p = (gl_FragCoord.xy - 0.5 * RENDERSIZE) / RENDERSIZE.y;
        // What was there rises a little, as smoke does.
        vec2 risen = isf_FragNormCoord - vec2(0.0, 0.0025);
        vec3 before = IMG_NORM_PIXEL(glow, (risen - 0.5) * 0.998 + 0.5).rgb;
        vec3 light = veils(p);
        gl_FragColor = vec4(mix(light, max(light, before * 0.985), afterglow), 1.0);
    } else {
        vec3 light = IMG_THIS_PIXEL(glow).rgb;
        vec2 p = isf_FragNormCoord - 0.5;
        light *= 1.0 - 0.75 * dot(p, p);
        light += vec3(0.012, 0.012, 0.024);
        vec3 color = 1.0 - exp(-1.7 * light);
        color = mix(vec3(dot(color, vec3(0.25, 0.6, 0.15))), color, 1.38);
        float grain = hash(gl_FragCoord.xy + fract(TIME) * 61.0) - 0.5;
        gl_FragColor = vec4(clamp(color + grain * 0.012, 0.0, 1.0), 1.0);
    }
}
